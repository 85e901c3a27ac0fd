"""The bus matrix as a master other than the core sees it (RM0385 section 2.1): memory and registers."""

from vstm32.base.memory_map import PPB_BASE
from vstm32.cortex_m.core import Core
from vstm32.stm32.bus import Bus


class BusMaster:
    """Reads and writes 1, 2 or 4 bytes at addresses that are multiples of that; None and False are errors.

    The ITCM bus, with its RAM and its view of flash, and the private peripheral bus are the core's alone. A
    register without a clock reads as zero and ignores writes.
    """

    def __init__(self, core: Core, bus: Bus) -> None:
        self._core = core
        self._bus = bus

    def read(self, address: int, size_bytes: int) -> int | None:
        """What is there, or None where nothing answers."""
        if self._is_the_cores(address) or self._core.memory.why_closed(address):
            return None
        data = self._core.memory.read(address, size_bytes)
        if data is not None:
            return int.from_bytes(data, "little")
        block = self._bus.block_at(address)
        if block is None:
            return None
        return block.read(address - block.base, size_bytes) if self._bus.is_clocked(block) else 0

    def write(self, address: int, size_bytes: int, value: int) -> bool:
        """Whether something took it."""
        memory = self._core.memory
        if self._is_the_cores(address) or memory.why_closed(address):
            return False
        if memory.store(address, value.to_bytes(size_bytes, "little")):
            if memory.has_run(address):
                self._core.forget_code()
            return True
        block = self._bus.block_at(address)
        if block is None:
            return False
        if self._bus.is_clocked(block):
            block.write(address - block.base, size_bytes, value)
        return True

    def _is_the_cores(self, address: int) -> bool:
        places = self._core.memory.map
        region = places.region_at(address)
        return address >= PPB_BASE or (region is not None and region in (places.itcm, places.flash_itcm))
