"""An SDRAM on the board: what its data sheet wants before it answers, and which clocks it stands.

An SDRAM that was not initialised answers with anything. Here it does not answer, which is a bus fault, so
that no firmware runs because of luck.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from vstm32.base.chip import Sdram
from vstm32.stm32.clock_limits import mhz

_NS = 1e9


class Command(IntEnum):
    """What a controller sends (RM0385 section 13.7.5, MODE of SDCMR)."""

    NORMAL = 0
    ENABLE_CLOCK = 1
    PRECHARGE_ALL = 2
    AUTO_REFRESH = 3
    LOAD_MODE = 4
    SELF_REFRESH = 5
    POWER_DOWN = 6


@dataclass(frozen=True, slots=True)
class SdramSettings:
    """How a controller is set up for an SDRAM: its geometry, and times in clocks of the SDRAM."""

    column_bits: int
    row_bits: int
    data_bits: int
    banks: int
    cas_latency: int
    clock_divider: int
    """Cycles of HCLK in one of the SDRAM; 0: there is no clock."""

    reads_ahead: bool
    read_pipe_cycles: int
    """Of HCLK."""

    load_mode: int
    exit_self_refresh: int
    row_active: int
    row_cycle: int
    write_recovery: int
    precharge: int
    active_to_read: int
    refresh_clocks: int
    """From one refresh to the next; 0: there are none."""


@dataclass(slots=True)
class SdramState:
    """What an SDRAM has been told since its power came. `clock_enabled_at_s` is None before its clock is."""

    clock_enabled_at_s: float | None = None
    waited_s: float = 0.0
    """Between that and the first command."""

    is_precharged: bool = False
    refreshes: int = 0
    mode: int | None = None
    asleep: bool = field(default=False)

    def take(self, command: Command, now_s: float, refreshes: int, mode: int) -> None:
        """A command comes; `refreshes` is how many of AUTO_REFRESH, `mode` what LOAD_MODE loads."""
        self.asleep = command in (Command.SELF_REFRESH, Command.POWER_DOWN)
        if command is Command.ENABLE_CLOCK and self.clock_enabled_at_s is None:
            self.clock_enabled_at_s = now_s
        if self.clock_enabled_at_s is None:
            return
        if command is Command.PRECHARGE_ALL and not self.is_precharged:
            self.waited_s = now_s - self.clock_enabled_at_s
            self.is_precharged = True
        elif self.is_precharged and command is Command.AUTO_REFRESH:
            self.refreshes += refreshes
        elif self.is_precharged and command is Command.LOAD_MODE:
            self.mode = mode

    def missing(self, part: Sdram, settings: SdramSettings) -> str:
        """What is to be done before the part answers, as a phrase; "" if it does."""
        return next(self._all_missing(part, settings), "")

    def _all_missing(self, part: Sdram, settings: SdramSettings) -> Iterator[str]:
        wired = (part.column_bits, part.row_bits, part.data_bits, part.banks)
        said = (settings.column_bits, settings.row_bits, settings.data_bits, settings.banks)
        if not settings.clock_divider:
            yield "SDCLK in FMC_SDCR1 gives it no clock"
        if said != wired:
            yield (
                f"FMC_SDCR1 says {_geometry(said)}, and the {part.name} has {_geometry(wired)} as it is wired"
            )
        if self.clock_enabled_at_s is None:
            yield "its clock has not been enabled (MODE 1 in FMC_SDCMR)"
        if not self.is_precharged:
            yield "its banks have not been precharged (MODE 2 in FMC_SDCMR)"
        if self.waited_s < part.power_up_s:
            yield (
                f"it got its first command {self.waited_s * 1e6:.0f} us after its clock, and needs "
                f"{part.power_up_s * 1e6:.0f} us"
            )
        if self.refreshes < part.power_up_refreshes:
            yield (
                f"it got {self.refreshes} of {part.power_up_refreshes} refreshes after that "
                "(MODE 3 in FMC_SDCMR)"
            )
        yield from self._wrong_mode(settings)
        if not settings.refresh_clocks:
            yield "nothing refreshes it (COUNT in FMC_SDRTR)"
        if self.asleep:
            yield "it sleeps (MODE 5 or 6 in FMC_SDCMR)"

    def _wrong_mode(self, settings: SdramSettings) -> Iterator[str]:
        if self.mode is None:
            yield "its mode register has not been loaded (MODE 4 in FMC_SDCMR)"
            return
        latency = self.mode >> 4 & 7
        if latency != settings.cas_latency:
            yield (
                f"its mode register has a CAS latency of {latency}, and FMC_SDCR1 one of "
                f"{settings.cas_latency}"
            )
        if self.mode & 7:
            yield "its mode register has bursts, and FMC wants a burst length of 1"


def _geometry(numbers: tuple[int, int, int, int]) -> str:
    columns, rows, bits, banks = numbers
    return f"{columns} column bits, {rows} row bits, {bits} data lines and {banks} banks"


def excesses(part: Sdram, settings: SdramSettings, hclk_hz: int) -> Iterator[str]:
    """What is faster than the data sheet allows, as sentences; it works all the same here."""
    clock_hz = hclk_hz / settings.clock_divider
    most_hz = part.max_hz.get(settings.cas_latency, 0)
    if clock_hz > most_hz:
        yield (
            f"The SDRAM runs at {mhz(clock_hz)}, and with a CAS latency of {settings.cas_latency} the "
            f"{part.name} does {mhz(most_hz)}."
        )
    for name, clocks, needed_ns in (
        ("TRCD", settings.active_to_read, part.active_to_read_ns),
        ("TRP", settings.precharge, part.precharge_ns),
        ("TRC", settings.row_cycle, part.row_cycle_ns),
        ("TRAS", settings.row_active, part.row_active_ns),
        ("TXSR", settings.exit_self_refresh, part.exit_self_refresh_ns),
        ("TWR", settings.write_recovery, part.write_recovery_ns),
        ("TMRD", settings.load_mode, part.load_mode_clocks * _NS / clock_hz),
    ):
        if clocks * _NS / clock_hz < needed_ns * (1 - 1e-9):
            yield (
                f"{name} in FMC_SDTR1 is {clocks} clocks of {mhz(clock_hz)}, and the {part.name} needs "
                f"{needed_ns:.0f} ns."
            )
    every_s = part.refresh_s / (1 << part.row_bits)
    if settings.refresh_clocks / clock_hz > every_s:
        yield (
            f"The SDRAM is refreshed every {settings.refresh_clocks / clock_hz * 1e6:.1f} us, and the "
            f"{part.name} needs it every {every_s * 1e6:.1f} us (COUNT in FMC_SDRTR)."
        )
