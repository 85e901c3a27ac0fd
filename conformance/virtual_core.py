"""One side: the core of the virtual board, that is Unicorn as the virtual board configures it."""

import struct

from conformance.batch import Batch
from conformance.driver import Driver
from conformance.errors import ConformanceError
from vstm32.base.chip import Chip, CoreModel
from vstm32.cortex_m.core import Core, StopReason

_BKPT_SEMIHOSTING = b"\xab\xbe"
_SYS_OPEN, _SYS_WRITE, _SYS_READ, _SYS_EXIT = 0x01, 0x05, 0x06, 0x18
_SLICE_CYCLES = 1 << 40
_IT_BITS = 0x0600_FC00
_CFSR = {
    StopReason.UNDEFINED: 1 << 16,
    StopReason.INVALID_STATE: 1 << 17,
    StopReason.NO_COPROCESSOR: 1 << 19,
    StopReason.BUS_FAULT: 1 << 15 | 1 << 9,  # BFARVALID, PRECISERR
}
"""Bits of CFSR for the reasons for which a slice ends (Armv7-M ARM, section B3.2.15)."""


class VirtualCore:
    """Runs batches on a `Core`; the semihosting requests of the driver are served here."""

    name = "virtual board"

    def __init__(self, driver: Driver, chip: Chip) -> None:
        self._driver = driver
        self.has_double_precision = chip.core.has_double_precision
        self.has_fpv5 = chip.core.model is not CoreModel.CORTEX_M4
        # The cheapest timing model: it costs time for every new block, and changes no result.
        self._core = core = Core(chip, timing="instructions")
        core.set_fpu_enabled(True)
        core.memory.load(0, driver.image)
        core.program_counter = driver.begin
        self._input = b""
        self._files = 0
        self._results: bytes | None = None

    def run(self, batch: Batch) -> bytes:
        """The records after all runs of a batch."""
        self._input = batch.to_bytes(self._driver.block_end)
        self._results = None
        while self._results is None:
            core = self._core
            stop = core.run(core.cycles + _SLICE_CYCLES, None)
            if stop.reason is StopReason.BREAKPOINT and self._at_semihosting():
                self._serve()
            elif stop.reason in _CFSR:
                self._end_run(_CFSR[stop.reason])
            elif stop.reason is not StopReason.SLICE:
                raise ConformanceError(
                    f"The virtual board's core has stopped at {core.program_counter:#x}: {stop.reason.name}.",
                    hint="The generator makes no instruction that does this: look at the last batch.",
                )
        return self._results

    def _at_semihosting(self) -> bool:
        return self._core.memory.read(self._core.program_counter, 2) == _BKPT_SEMIHOSTING

    def _end_run(self, cfsr: int) -> None:
        """What the driver's fault handler does, without an exception."""
        core = self._core
        core.memory.store(self._driver.fault_variable, struct.pack("<I", cfsr))
        core.write_register(core.xpsr, core.read_register(core.xpsr) & ~_IT_BITS | 1 << 24)
        core.program_counter = self._driver.run_over
        # A refused access leaves a stop request behind.
        core.clear_stop()

    def _serve(self) -> None:
        core = self._core
        request, parameters = core.read_register(core.r[0]), core.read_register(core.r[1])
        if request == _SYS_OPEN:
            self._files += 1
            answer = self._files
        elif request == _SYS_READ:
            answer = self._read(parameters)
        elif request == _SYS_WRITE:
            _, address, length = core.memory.read_words(parameters, 3) or (0, 0, 0)
            self._results = core.memory.read(address, length)
            answer = 0
        else:
            raise ConformanceError(
                f"The driver has made the semihosting request {request:#x} on the virtual board.",
                hint="It does so when it cannot read a batch: header and body of the batch disagree.",
            )
        core.write_register(core.r[0], answer)
        core.program_counter += 2

    def _read(self, parameters: int) -> int:
        core = self._core
        _, address, length = core.memory.read_words(parameters, 3) or (0, 0, 0)
        given, self._input = self._input[:length], self._input[length:]
        core.memory.store(address, given)
        core.forget_code()
        core.clear_stop()
        return length - len(given)
