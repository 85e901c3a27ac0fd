"""A bus of plain memory and the board around it, for what stands between a debugger and the bus."""

from collections.abc import Iterator
from contextlib import contextmanager

from vstm32.debug.dap import BusFaultError, DebugPort

RAM = 0x2000_0000
RAM_BYTES = 0x1_0000


class FakeBus:
    """RAM, words at single addresses, and nothing else. `broken` are words that give an error."""

    def __init__(self, words: dict[int, int] | None = None) -> None:
        self.ram = bytearray(RAM_BYTES)
        self.words = dict(words or {})
        self.broken: set[int] = set()
        self.standing_still = True
        self.seen_running = False

    def read(self, address: int, size_bytes: int) -> int:
        return int.from_bytes(self.read_block(address, size_bytes), "little")

    def write(self, address: int, size_bytes: int, value: int) -> None:
        self.write_block(address, value.to_bytes(size_bytes, "little"))

    def read_block(self, address: int, size_bytes: int) -> bytes:
        self._check(address, size_bytes)
        if RAM <= address < RAM + RAM_BYTES:
            return bytes(self.ram[address - RAM : address - RAM + size_bytes])
        return b"".join(
            self.words[at].to_bytes(4, "little") for at in range(address, address + size_bytes, 4)
        )

    def write_block(self, address: int, data: bytes) -> None:
        for position in range(0, len(data), 4):
            piece = data[position : position + 4]
            self._check(address + position, len(piece))
            if address in self.words:
                self.words[address + position] = int.from_bytes(piece, "little")
            else:
                start = address + position - RAM
                self.ram[start : start + len(piece)] = piece

    def _check(self, address: int, size_bytes: int) -> None:
        self.seen_running |= not self.standing_still
        for at in range(address & ~3, address + size_bytes, 4):
            there = RAM <= at < RAM + RAM_BYTES or at in self.words
            if not there or at in self.broken:
                raise BusFaultError(at)


class FakeBoard:
    """See `probe_protocol.ProbedBoard`. Remembers what the reset pin did."""

    def __init__(self, words: dict[int, int] | None = None) -> None:
        self.bus = FakeBus(words)
        self.bus.standing_still = False
        self.dap = DebugPort(self.bus)
        self.powered = True
        self.part = "STM32F746NG"
        self.reset_pin: list[bool] = []
        self.accesses = 0

    @contextmanager
    def access(self) -> Iterator[None]:
        self.accesses += 1
        self.bus.standing_still = True
        try:
            yield
        finally:
            self.bus.standing_still = False

    def assert_reset(self, asserted: bool) -> None:
        assert self.bus.standing_still
        self.reset_pin.append(asserted)

    def is_reset_asserted(self) -> bool:
        return bool(self.reset_pin) and self.reset_pin[-1]
