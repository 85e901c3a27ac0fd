"""Images onto boards through pyOCD, with the proof that they are there; real and virtual boards alike.

connect   the probe, the core halted out of reset, the right chip behind it
program   sectors that differ are erased and programmed; then all is read back and compared
start     a system reset with no debugger left, so that the firmware is alone
"""

import logging
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from mcumatrix.adapters.flashers.pyocd.algorithm import STM32F7, Controller
from mcumatrix.adapters.flashers.pyocd.boards import external_flash
from mcumatrix.adapters.flashers.pyocd.chip import Chip
from mcumatrix.adapters.flashers.pyocd.deadline import within
from mcumatrix.adapters.flashers.pyocd.finding import find_probe, give_up, is_virtual_probe
from mcumatrix.adapters.flashers.pyocd.probes import attached_probes
from mcumatrix.adapters.flashers.pyocd.reasons import connecting_failed, flashing_failed
from mcumatrix.errors import FlashError, FlashFault
from mcumatrix.hashing import hash_bytes
from mcumatrix.model.attached import AttachedProbe
from mcumatrix.model.catalogue import Board, BoardKind
from mcumatrix.model.chip import CHIP_ID_REGISTER, is_virtual_chip
from mcumatrix.model.image import EXTERNAL_FLASH, Image
from mcumatrix.model.record import Flashed

if TYPE_CHECKING:
    from pyocd.core.session import Session
    from pyocd.core.soc_target import SoCTarget
    from pyocd.probe.debug_probe import DebugProbe

_ERASED = b"\xff"
_PROBE_BYTES = 1024
"""How much of a sector is looked at before all of it: another image differs early."""

_WRONG_KIND = "Mend `kind` or the probe in the board's file: one of them belongs to another board."
_HALT_S = 1.0
_PHASE_S = 10.0
"""For one call of the flash algorithm: a sector of 256 KB takes 4 s at most (DS10916)."""
_DHCSR, _DEMCR, _AIRCR = 0xE000_EDF0, 0xE000_EDFC, 0xE000_ED0C
_DBGMCU_IDCODE = 0xE004_2000
_DEBUG_KEY, _RESET_REQUEST = 0xA05F_0000, 0x05FA_0004


class PyocdFlasher:
    """Connects to boards through the debug probes that pyOCD knows."""

    def attached(self) -> tuple[AttachedProbe, ...]:
        """See `ports.Flasher`."""
        return attached_probes()

    def find_probe(self, wanted: str) -> str:
        """See `ports.Flasher`."""
        return str(find_probe(wanted).unique_id)

    def connect(self, board: Board, probe: str) -> "PyocdDebugger":
        """See `ports.Flasher`."""
        found: list[DebugProbe] = []

        def give_up_found() -> None:
            for each in found:
                give_up(each)

        session = within(
            board.timeouts.connect_s,
            "connecting to the board",
            lambda: _open(board, probe, found.append),
            give_up_found,
        )
        return PyocdDebugger(session, board, probe)


class PyocdDebugger:
    """A session of pyOCD with a halted core."""

    def __init__(self, session: "Session", board: Board, probe: str) -> None:
        self._session = session
        self._board = board
        self._probe = probe

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            within(
                self._board.timeouts.connect_s,
                "letting go of the board",
                lambda: _close(self._session),
                lambda: give_up(self._session.probe),
            )
        except FlashError:
            # What went wrong before says more.
            if not any(exception):
                raise

    def program(self, image: Image) -> Flashed:
        """See `ports.Debugger`."""
        data = image.binary.read_bytes()
        elf = image.elf if image.sizes.region_bytes.get(EXTERNAL_FLASH) else None
        return within(self._board.timeouts.program_s, "programming", lambda: self._program(data, elf))

    def _program(self, data: bytes, elf: Path | None) -> Flashed:
        """`elf` has what belongs into flash beside the chip; None where nothing does."""
        target = self._session.target
        written = self._program_beside(elf) if elf is not None else 0
        with flashing_failed(self._probe, _controller(target)):
            written += _write_what_differs(self._session, target, _flash_start(target), data)
            found = _read(target, _flash_start(target), len(data))
        _require_same(_flash_start(target), data, found)
        return Flashed(probe=self._probe, read_back_sha256=hash_bytes(found), written_bytes=written)

    def _program_beside(self, elf: Path) -> int:
        """What an image has in flash beside the chip, read back as well; returns how many bytes were
        written.
        """
        from mcumatrix.adapters.flashers.pyocd.external import make_readable, segments_outside

        target = self._session.target
        internal = target.memory_map.get_boot_memory()
        external = external_flash(self._board.firmware_board)
        if external is None:
            raise FlashError(
                f"the image has something in flash beside the chip, and {self._board.name} has none that "
                "can be programmed",
                hint="Choose another placement, or a board that has one.",
            )
        written = 0
        for start, data in segments_outside(elf, range(internal.start, internal.end + 1)):
            with flashing_failed(self._probe, external.controller):
                make_readable(target, external)
                written += _write_what_differs(self._session, target, start, data)
                found = _read(target, start, len(data))
            _require_same(start, data, found)
        return written

    def start(self) -> None:
        """See `ports.Debugger`."""
        within(self._board.timeouts.connect_s, "starting the firmware", self._start)

    def _start(self) -> None:
        target = self._session.target
        with flashing_failed(self._probe, _controller(target)):
            # Not by pyOCD's resuming: it would clear DEMCR afterwards, and stop the firmware's cycle counter.
            target.write32(_DEMCR, 0)
            target.write32(_AIRCR, _RESET_REQUEST)
            target.write32(_DHCSR, _DEBUG_KEY)
            target.flush()
        _close(self._session)


def _open(board: Board, probe: str, uses: "Callable[[DebugProbe], None]") -> "Session":
    """`uses` hears of the probe before it is opened."""
    from pyocd.core.session import Session

    # What pyOCD has to say comes as exceptions; without a handler its log would go to the terminal.
    logging.getLogger("pyocd").addHandler(logging.NullHandler())
    found = find_probe(probe)
    uses(found)
    if board.kind is BoardKind.REAL and is_virtual_probe(found):
        raise FlashError(
            f"the board is to be real, and the probe {probe} is that of a virtual board",
            hint=_WRONG_KIND,
            fault=FlashFault.WRONG_PROBE,
        )
    with connecting_failed(board, probe):
        session = Session(found, auto_open=False, options=_options(board))
        try:
            session.open()
            _require_kind(board, session.target)
            _require_halted(session.target)
        except BaseException:
            _close(session)
            raise
    return session


def _options(board: Board) -> dict[str, Any]:
    # Shorter than the whole, so that the sentence says which phase it was.
    phase_s = min(_PHASE_S, board.timeouts.program_s / 2)
    options = {
        "target_override": board.target,
        "connect_mode": str(board.connect),
        "frequency": board.swd_hz,
        # What a person has set for the pyocd command is not for us.
        "no_config": True,
        "resume_on_disconnect": False,
        "hide_programming_progress": True,
        "smart_flash": False,
        "chip_erase": "sector",
        "keep_unwritten": False,
        **{f"flash.timeout.{phase}": phase_s for phase in ("init", "erase_sector", "program")},
    }
    if board.kind is BoardKind.VIRTUAL:
        # A reset pin without a capacitor.
        options |= {"reset.hold_time": 0.0, "reset.post_delay": 0.0}
    return options


def _require_kind(board: Board, target: "SoCTarget") -> None:
    """Believes the chip and not the board's file: a virtual one may be behind any kind of probe."""
    from pyocd.core import exceptions

    try:
        chip_id = int(target.read32(_DBGMCU_IDCODE))
    except exceptions.TransferFaultError:
        return  # no chip that the virtual board is made after
    if board.kind is BoardKind.REAL and is_virtual_chip(chip_id):
        raise FlashError(
            f"the board is to be real, and its chip is virtual ({CHIP_ID_REGISTER} {chip_id:#010x})",
            hint=_WRONG_KIND,
            fault=FlashFault.WRONG_DEVICE,
        )


def _require_halted(target: "SoCTarget") -> None:
    from pyocd.core.target import Target

    give_up_at = time.monotonic() + _HALT_S
    while (state := target.get_state()) is not Target.State.HALTED:
        if time.monotonic() > give_up_at:
            if state is Target.State.RESET:
                raise FlashError(
                    "the target is held in reset: the core does not leave it",
                    hint="Check what else is at the reset pin: a button, a jumper, another probe.",
                    fault=FlashFault.HELD_IN_RESET,
                )
            raise FlashError(
                f"the core does not halt: it is {state.name.lower()}",
                hint="Try `connect: under-reset` in the board's file, or switch the board off and on.",
                fault=FlashFault.NO_CORE,
            )
        target.halt()
        time.sleep(0.01)


def _close(session: "Session") -> None:
    """Lets go of the probe, whatever state it is in."""
    from pyocd.core import exceptions

    with suppress(exceptions.Error, OSError):
        session.close()
    # A session that was not opened to the end leaves its probe open.
    with suppress(exceptions.Error, OSError):
        session.probe.close()


def _controller(target: "SoCTarget") -> Controller:
    """Whose results the flash algorithm has; a chip that pyOCD knows by itself has its own."""
    chip = getattr(target, "CHIP", None)
    return chip.controller if isinstance(chip, Chip) else STM32F7


def _flash_start(target: "SoCTarget") -> int:
    return int(target.memory_map.get_boot_memory().start)


def _read(target: "SoCTarget", address: int, size_bytes: int) -> bytes:
    words = array("I", target.read_memory_block32(address, -(-size_bytes // 4)))
    return words.tobytes()[:size_bytes]


def _sectors(target: "SoCTarget", address: int, size_bytes: int) -> Iterator[tuple[int, int]]:
    """Start and length of the part of each flash sector that a range covers."""
    end = address + size_bytes
    while address < end:
        region = target.memory_map.get_region_for_address(address)
        sector = region.flash.get_sector_info(address) if region is not None and region.is_flash else None
        if sector is None:
            raise FlashError(
                f"the image has bytes at {address:#010x}, where this chip has no flash",
                hint="Is it for another chip? The board's file names the target.",
            )
        length = min(end, sector.base_addr + sector.size) - address
        yield address, length
        address += length


def _write_what_differs(session: "Session", target: "SoCTarget", start: int, data: bytes) -> int:
    """Programs the sectors that hold something else; returns how many bytes that were."""
    from pyocd.flash.loader import MemoryLoader

    loader = MemoryLoader(session)
    written = 0
    for address, length in _sectors(target, start, len(data)):
        wanted = data[address - start : address - start + length]
        if not _holds(target, address, wanted):
            # Whole words: what is missing of the last one is as if erased.
            loader.add_data(address, wanted + _ERASED * (-length % 4))
            written += length
    if written:
        loader.commit()
    return written


def _holds(target: "SoCTarget", address: int, wanted: bytes) -> bool:
    first = wanted[:_PROBE_BYTES]
    return _read(target, address, len(first)) == first and _read(target, address, len(wanted)) == wanted


def _require_same(start: int, wanted: bytes, found: bytes) -> None:
    if found == wanted:
        return
    at = next(index for index, (one, other) in enumerate(zip(wanted, found, strict=True)) if one != other)
    raise FlashError(
        f"flash holds {found[at]:#04x} at {start + at:#010x}, where the image has {wanted[at]:#04x}",
        hint="Flash that does not keep what is programmed is worn out or has a weak supply; try once more.",
        fault=FlashFault.VERIFY,
    )
