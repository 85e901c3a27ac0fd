"""FLASH interface (RM0385 section 3): wait states, the lock, erasing, programming, and faults on purpose.

Stores of the core into flash do not come here: the access hook programs them (native/flash.c), and also
answers the core's reads of SR, with the state that this block keeps in `struct flash`. Both take virtual
time, and whoever waits for the end of an operation (a poll of SR, another store, a write to CR, code in
flash) lets it pass at once. Loads of data from flash do not wait.

Every store has to have the size that PSIZE says, and to be aligned to it. A double word is what VSTR of
a double register stores; STRD and STM store words.

Option bytes are not programmed. What wait states and the ART accelerator do to time is known to the timing
model.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

from vstm32.base.chip import Chip, FlashBank, FlashLayout
from vstm32.base.findings import Direction, Finding, FindingKind
from vstm32.base.registers import Register, RegisterBlock
from vstm32.cortex_m.clock import VirtualClock
from vstm32.cortex_m.core import Core
from vstm32.native.library import lib

ACR, KEYR, OPTKEYR, SR, CR, OPTCR, OPTCR1 = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x14, 0x18
EOP: int = lib.FLASH_SR_EOP
OPERR: int = lib.FLASH_SR_OPERR
WRPERR: int = lib.FLASH_SR_WRPERR
PGAERR: int = lib.FLASH_SR_PGAERR
PGPERR: int = lib.FLASH_SR_PGPERR
ERSERR: int = lib.FLASH_SR_ERSERR
BSY: int = lib.FLASH_SR_BSY
PG: int = lib.FLASH_CR_PG
SER: int = lib.FLASH_CR_SER
SNB_SHIFT: int = lib.FLASH_CR_SNB_SHIFT
PSIZE_SHIFT: int = lib.FLASH_CR_PSIZE_SHIFT
STRT: int = lib.FLASH_CR_STRT
EOPIE: int = lib.FLASH_CR_EOPIE
ERRIE: int = lib.FLASH_CR_ERRIE
LOCK: int = lib.FLASH_CR_LOCK
KEYS = (0x4567_0123, 0xCDEF_89AB)
_LATENCY, _ARTEN, _ARTRST = 0xF, 1 << 9, 1 << 11
_OPTLOCK = 1 << 0
_OPTION_KEYS = (0x0819_2A3B, 0x4C5D_6E7F)
_CLEARABLE = EOP | OPERR | WRPERR | PGAERR | PGPERR | ERSERR


def _registers(chip: Chip, layout: FlashLayout) -> tuple[Register, ...]:
    flash = chip.flash
    return (
        Register("ACR", ACR, writable=0x0000_0B0F),
        Register("KEYR", KEYR),
        Register("OPTKEYR", OPTKEYR),
        Register("SR", SR),
        Register("CR", CR, reset=LOCK, writable=flash.control.writable),
        Register(
            "OPTCR",
            OPTCR,
            reset=layout.option_control,
            writable=flash.option_control_writable,
            unsupported=0x2,
        ),
        Register("OPTCR1", OPTCR1, reset=0x0040_0080, writable=0xFFFF_FFFF),
    )


class Offsets(NamedTuple):
    """Where the registers that all families have stand in the block."""

    acr: int
    keyr: int
    optkeyr: int
    sr: int
    cr: int


@dataclass(frozen=True, slots=True)
class FlashFaults:
    """What is wrong with the flash on purpose; it stays so through resets until it is taken back."""

    refuse_unlock: bool = False
    """The keys of CR are never accepted."""

    stay_busy: bool = False
    """BSY is not cleared at the end of an operation. Who polls it lets time pass, so that timeouts come."""

    fail_erase: bool = False
    """Erasing sets OPERR and erases nothing."""

    fail_program: bool = False
    """Programming sets WRPERR and changes nothing."""

    flip: int | None = None
    """Address of a byte of which bit 0 is wrong after it has been programmed the next time; once."""


class FlashInterface(RegisterBlock):
    """CR and OPTCR stay locked until the right two keys; a wrong key locks them until reset.

    What differs from family to family is a method or an attribute of the class.
    """

    base_address = 0x4002_3C00
    at = Offsets(ACR, KEYR, OPTKEYR, SR, CR)
    clearable = _CLEARABLE
    complains_of = ERSERR | PGPERR | PGAERR
    """Flags of which each is a mistake of the firmware's."""

    bad_sequence = "ERSERR"
    """What the flag is called that a store or an erasure sets which CR is not set up for."""

    def __init__(
        self,
        core: Core,
        clock: VirtualClock,
        layout: FlashLayout,
        *,
        core_clock_hz: Callable[[], int],
        interrupt: Callable[[bool], None],
        report: Callable[[Finding], None],
        latency_changed: Callable[[], None] = lambda: None,
    ) -> None:
        """`interrupt` gets the level of the interrupt line, `latency_changed` is called when ACR changes."""
        self._latency_changed = latency_changed
        self._core = core
        self._flash = core.chip.flash
        self._layout = layout
        self._sectors = {sector.number: sector for sector in layout.sectors}
        self._mass_erase = sum(bank.mass_erase for bank in layout.banks)
        self._region = core.memory.map.flash
        self._state = core.state.flash
        self._clock = clock
        self._core_clock_hz = core_clock_hz
        self._interrupt = interrupt
        self._report = report
        self._faults = FlashFaults()
        self._changes_seen = 0
        self._ended = clock.alarm(self._operation_ended)
        self._complained: set[tuple[int, str]] = set()
        core.flash_noticed = self._noticed
        super().__init__("FLASH interface", self.base_address, self._registers_of(core.chip, layout))
        self._state.status_offset = self.base + self.at.sr - core.memory.map.peripherals.base
        self._state.erase_bits = SER | self._mass_erase

    @staticmethod
    def _registers_of(chip: Chip, layout: FlashLayout) -> tuple[Register, ...]:
        """The registers of the block."""
        return _registers(chip, layout)

    def reset(self) -> None:
        """Locked, no key seen, nothing under way; flash keeps its contents."""
        super().reset()
        self._keys_seen = 0
        self._option_keys_seen = 0
        self._erased_until = 0
        self._ended.clear()
        self._complained.clear()
        state = self._state
        state.status = state.pending = state.busy_until = state.notice = 0
        self._control_changed()
        self._access_changed()

    # --- for a debugger and for tests of software, while the core stands still

    @property
    def faults(self) -> FlashFaults:
        """What is wrong on purpose; `flip` is None again once it has happened."""
        return self._faults if self._state.flip else replace(self._faults, flip=None)

    def set_faults(self, faults: FlashFaults) -> None:
        """From now on these things are wrong and no others."""
        self._faults = faults
        self._state.stays_busy = faults.stay_busy
        self._state.fails = faults.fail_program
        self._state.flip = faults.flip or 0
        self._operation_ended()

    def program(self, address: int, data: bytes, size_bytes: int) -> None:
        """Stores bytes in pieces of 1, 2, 4 or 8, each as the core would: what was wrong is in SR.

        Raises:
            ValueError: the bytes are not inside of flash, or do not divide into such pieces.
        """
        if not self._region.base <= address <= address + len(data) <= self._region.end:
            raise ValueError(f"{len(data)} bytes at {address:#010x} are not inside of flash")
        if size_bytes not in (1, 2, 4, 8) or len(data) % size_bytes:
            raise ValueError(f"{len(data)} bytes cannot be stored {size_bytes} at a time")
        state = self._core.shared.state_pointer
        for start in range(0, len(data), size_bytes):
            piece = int.from_bytes(data[start : start + size_bytes], "little")
            if lib.program_flash(state, address + start, size_bytes, piece) & EOP:
                self._ended.set(self._state.busy_until)
        self._update_interrupt()

    def contents(self) -> bytes:
        """All of flash."""
        return bytes(self._core.memory.flash)

    def load(self, data: bytes) -> None:
        """Sets all of flash, without its controller; `changed` does not count it. Raises ValueError."""
        if len(data) != self._region.size_bytes:
            raise ValueError(f"flash has {self._region.size_bytes} bytes, and not {len(data)}")
        self._core.memory.load(self._region.base, data)
        self.changed()

    def changed(self) -> bool:
        """Whether anything was erased or programmed since the last time this was asked."""
        changes: int = self._state.changes
        seen, self._changes_seen = self._changes_seen, changes
        return changes != seen

    # --- registers

    @property
    def _control(self) -> int:
        return self.values[self.at.cr]

    def read_register(self, offset: int) -> int:
        """The key registers read as zero; SR is a poll, after which time has passed."""
        if offset == self.at.sr:
            return self._poll()
        if offset == self.at.cr and self._is_busy and self._state.busy_until == self._erased_until:
            return self._control | STRT
        return 0 if offset in (self.at.keyr, self.at.optkeyr) else self.values[offset]

    def merge_base(self, offset: int) -> int:
        """A narrow store to SR clears only flags that it names."""
        return 0 if offset == self.at.sr else super().merge_base(offset)

    def write_register(self, offset: int, value: int) -> None:
        """Section 3.3.5 (keys of CR) and 3.4.2 (keys of OPTCR)."""
        if offset == self.at.keyr:
            self._keys_seen = self._next_key(self._keys_seen, KEYS, value)
            if self._keys_seen == 2:
                self._keys_seen = 0
                self._unlock()
        elif offset == self.at.optkeyr:
            self._option_keys_seen = self._next_key(self._option_keys_seen, _OPTION_KEYS, value)
            if self._option_keys_seen == 2:
                self._option_keys_seen = 0
                self._unlock_options()
        elif offset == self.at.sr:
            self._state.status &= ~(value & self.clearable)
            self._update_interrupt()
        elif offset == self.at.cr:
            if not self._control & LOCK:
                self._write_control(value)
        elif offset == self.at.acr:
            super().write_register(offset, value)
            self._access_changed()
            self._latency_changed()
        else:
            self._write_options(offset, value)

    def _unlock_options(self) -> None:
        self.values[OPTCR] &= ~_OPTLOCK

    def _write_options(self, offset: int, value: int) -> None:
        if not self.values[OPTCR] & _OPTLOCK:
            super().write_register(offset, value)
            self.values[OPTCR] |= value & _OPTLOCK if offset == OPTCR else 0

    def _access_changed(self) -> None:
        """ACR (section 3.7.1): wait states and the ART accelerator, which is emptied by ARTRST."""
        access = self.values[self.at.acr]
        self._core.blocks.set_memory_system(wait_states=self.wait_states, art=bool(access & _ARTEN))
        if access & _ARTRST:
            self._core.blocks.invalidate_lines()

    @property
    def wait_states(self) -> int:
        """LATENCY of ACR (section 3.7.1)."""
        return self.values[self.at.acr] & _LATENCY

    @staticmethod
    def _next_key(seen: int, keys: tuple[int, int], value: int) -> int:
        """How many right keys have come; 3 means locked until reset."""
        return seen + 1 if seen < 2 and value == keys[seen] else 3

    def _unlock(self) -> None:
        if not self._faults.refuse_unlock:
            self.values[self.at.cr] &= ~LOCK
            self._control_changed()

    def _write_control(self, value: int) -> None:
        """The bus waits while flash is busy (section 3.3)."""
        self._wait()
        super().write_register(self.at.cr, value)
        self.values[self.at.cr] |= value & LOCK
        self._control_changed()
        if self._core.state.code_changed:
            self._core.request_stop()
        if value & STRT and not value & LOCK:
            self._erase()
        self._update_interrupt()

    def _control_changed(self) -> None:
        self._state.control = self._control
        self._state.program_cycles = self._cycles(self._flash.program_seconds)

    # --- operations

    def _cycles(self, seconds: float) -> int:
        return max(round(seconds * self._core_clock_hz()), 1)

    @property
    def _is_busy(self) -> bool:
        state = self._state
        stays = state.pending and state.stays_busy
        return bool(stays) or self._clock.now < state.busy_until

    def _wait(self) -> None:
        """Virtual time passes up to the end of what is under way."""
        if self._clock.now < self._state.busy_until:
            self._clock.skip_to(self._state.busy_until)

    def _poll(self) -> int:
        """SR as a debugger reads it; for the core, native/flash.c does the same up to its slice's end."""
        if self._is_busy:
            status: int = self._state.status | BSY
            self._wait()
            return status
        self._operation_ended()
        return int(self._state.status)

    def _operation_ended(self) -> None:
        """If an operation has come to its end, EOP is set, with EOPIE (section 3.7.4)."""
        if self._state.pending and not self._is_busy:
            self._state.pending = 0
            if self._control & EOPIE:
                self._state.status |= EOP
        self._update_interrupt()

    def _update_interrupt(self) -> None:
        control, status = self._control, self._state.status
        self._interrupt(bool((control & EOPIE and status & EOP) or (control & ERRIE and status & OPERR)))

    def _erase(self) -> None:
        """STRT has been set: a sector (SER) or whole banks (MER) get 0xFF (section 3.3)."""
        control = self._control
        number = control >> SNB_SHIFT & ((1 << self._flash.sector_number_bits) - 1)
        sector = self._sectors.get(number) if control & SER else None
        banks = [bank for bank in self._layout.banks if control & bank.mass_erase]
        if (sector is None) is not bool(banks):
            self._state.status |= ERSERR | (OPERR if control & ERRIE else 0)
            if self._core.is_in_access:
                self._complain_of_erase(control, number)
            return
        if self._faults.fail_erase:
            self._state.status |= OPERR
            return
        for part in (sector,) if sector else banks:
            self._fill(part.offset, part.size_bytes)
        seconds = sector.erase_seconds if sector else self._mass_erase_seconds(banks)
        self._core.forget_code()
        self._erased_until = self._clock.now + self._cycles(seconds)
        self._state.busy_until = self._erased_until
        self._state.pending = 1
        self._state.changes += 1
        if control & EOPIE:
            self._ended.set(self._erased_until)

    def _mass_erase_seconds(self, banks: list[FlashBank]) -> float:
        return self._layout.mass_erase_seconds * len(banks) / len(self._layout.banks)

    def _fill(self, offset: int, size_bytes: int) -> None:
        self._core.memory.flash[offset : offset + size_bytes] = b"\xff" * size_bytes

    # --- what the firmware did wrong

    def _noticed(self) -> None:
        """After a slice: a store has set a flag, or begun an operation whose end interrupts."""
        state = self._state
        notice, state.notice = state.notice, 0
        if notice & EOP:
            self._ended.set(state.busy_until)
        if notice & self.complains_of:
            self._complain_of_store(notice)
        self._update_interrupt()

    def _complain_of_store(self, flags: int) -> None:
        state = self._state
        control, size = state.notice_control, state.notice_size
        why = self._reason(flags, control)
        address, program_counter = state.notice_address, state.notice_pc
        what = f"stores {size} bytes at {address:#010x} in flash, and nothing changes"
        self._complain(address, program_counter, size, what, why)

    def _reason(self, flags: int, control: int) -> str:
        """Why a store into flash has set these flags, as CR was."""
        if flags & ERSERR and control & LOCK:
            return "CR is locked (ERSERR)"
        if flags & ERSERR and not control & PG:
            return "PG is not set in CR (ERSERR)"
        if flags & ERSERR:
            return "SER or MER is set in CR (ERSERR)"
        if flags & PGPERR:
            return f"PSIZE in CR is for {1 << (control >> PSIZE_SHIFT & 3)} bytes at a time (PGPERR)"
        return "it is not aligned (PGAERR)"

    def _complain_of_erase(self, control: int, number: int) -> None:
        if control & SER and control & self._mass_erase:
            why = "SER and MER are both set"
        elif control & SER:
            why = f"there is no sector {number}"
        else:
            why = "neither SER nor MER is set"
        what = "sets STRT in FLASH_CR, and nothing is erased"
        at = self.base + self.at.cr
        self._complain(at, self._core.access_program_counter, 4, what, f"{why} ({self.bad_sequence})")

    def _complain(self, address: int, program_counter: int, size: int, what: str, why: str) -> None:
        """Once for an instruction and a reason."""
        if (program_counter, why) not in self._complained:
            self._complained.add((program_counter, why))
            self._report(
                Finding(
                    FindingKind.FLASH,
                    address,
                    program_counter,
                    Direction.WRITE,
                    size,
                    self._core.memory.map.block_name(address),
                    f"The instruction at {program_counter:#010x} {what}: {why}.",
                )
            )
