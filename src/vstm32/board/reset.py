"""Power and the reset pin, what a reset does to the core, and lockup, which only they end."""

from collections.abc import Callable

from vstm32.base.findings import Finding, FindingKind
from vstm32.board.state import CoreState
from vstm32.cortex_m.core import Core
from vstm32.stm32 import rcc
from vstm32.stm32.system import System

_T_BIT = 1 << 24


class Reset:
    """Whether a board is on and its reset pin low; to be used while the core stands still."""

    def __init__(
        self,
        core: Core,
        system: System,
        state: CoreState,
        report: Callable[[Finding], None],
        begin_run: Callable[[], None],
    ) -> None:
        """`begin_run` is called when somebody from outside makes the board begin anew."""
        self._core = core
        self._system = system
        self._state = state
        self._report = report
        self._begin_run = begin_run
        self.powered = False
        self._low: set[str] = set()
        self._wanted = 0
        self._begins_run = False

    def power_on(self) -> None:
        """Everything as after power-on; RAM and flash are not touched."""
        self.powered = True
        self._begin_run()
        self._system.reset(power_on=True)
        self._reset_core()

    # --- the pin

    @property
    def is_low(self) -> bool:
        """Whether somebody holds the reset pin low."""
        return bool(self._low)

    def hold(self, by: str, low: bool) -> None:
        """One of those who can pulls the pin low or lets it go; it is low as long as anybody holds it."""
        was_low = self.is_low
        (self._low.add if low else self._low.discard)(by)
        if self.is_low and not was_low:
            self._begin_run()
            self._carry_out(0)
        elif was_low and not self.is_low:
            self._system.debug.leave_reset()

    # --- a reset of the system

    def request(self, flag: int, *, from_outside: bool = False) -> None:
        """Wants a reset, at the next moment in which the core stands still. `flag` is the reason, as RCC_CSR
        has it. One from outside begins a new run; a firmware that resets itself does not.
        """
        self._wanted |= flag
        self._begins_run |= from_outside
        self._core.request_stop()

    @property
    def is_wanted(self) -> bool:
        """Whether a reset was requested and has not been carried out."""
        return bool(self._wanted)

    def carry_out_wanted(self) -> None:
        """The reset that was requested, if there was one."""
        if self._wanted:
            self._carry_out(self._wanted)

    def _carry_out(self, flags: int) -> None:
        """Peripherals and core; RAM stays. Each reset pulls the pin low (RM0385 section 5.1.1)."""
        system = self._system
        self._wanted = 0
        system.flush_usarts()
        if self._begins_run:
            self._begins_run = False
            self._begin_run()
        status = system.rcc.reset_flags | flags | rcc.PIN_RESET
        system.reset()
        system.rcc.set_status(status)
        self._reset_core()
        system.debug.enter_reset()
        if not self.is_low:
            system.debug.leave_reset()

    def _reset_core(self) -> None:
        core = self._core
        core.blocks.reset()
        core.write_register(core.xpsr, _T_BIT)
        for register in (core.control, core.primask, core.basepri, core.faultmask, core.fpscr):
            core.write_register(register, 0)
        for register in (*core.r, *core.s):
            core.write_register(register, 0)
        core.write_register(core.lr, 0xFFFF_FFFF)
        table = self._system.exceptions.vector_table
        stack, entry = core.memory.read_words(table, 2) or (0, 0)
        core.write_register(core.sp, stack & ~3)
        core.program_counter = entry & ~1
        self._state.clear()
        if not entry & 1 or core.memory.map.region_at(entry & ~1) is None:
            self.lock_up(
                f"The reset vector at {table + 4:#010x} is {entry:#010x}, which is not a Thumb address"
            )

    # --- lockup

    def lock_up(self, reason: str) -> None:
        """The core stops for good, and says why; its watchdog may still get it out."""
        self._state.locked_up = True
        sentence = f"Lockup at {self._core.program_counter:#010x}: {reason}. The core has stopped."
        self._report(self._core.finding(FindingKind.LOCKUP, sentence))
        bites_at = self._system.iwdg.bites_at
        if bites_at is not None:
            # Nobody reloads the watchdog any more: its end is all there is to wait for.
            self._system.clock.skip_to(bites_at)
            self._carry_out(self._wanted)
