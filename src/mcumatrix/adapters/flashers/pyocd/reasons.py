"""From pyOCD's exceptions to the fault that it was, in a sentence that keeps the original reason."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from mcumatrix.adapters.flashers.pyocd.algorithm import (
    AlgorithmFailure,
    Controller,
    algorithm_error,
    algorithm_failure,
)
from mcumatrix.errors import FlashError, FlashFault
from mcumatrix.model.catalogue import Board, ConnectMode

_BUSY_WORDS = ("busy", "in use", "claim", "another")
_BUSY_NUMBERS = (errno.EBUSY, errno.EACCES)


@contextmanager
def connecting_failed(board: Board, probe: str) -> Iterator[None]:
    """Turns what pyOCD raises while it connects into FlashError."""
    from pyocd.core import exceptions

    try:
        yield
    except (exceptions.Error, OSError) as error:
        raise _connecting(error, board, probe) from error


def _connecting(error: Exception, board: Board, probe: str) -> FlashError:
    from pyocd.core import exceptions

    from mcumatrix.adapters.flashers.pyocd.target import (
        DividedFlashError,
        HeldInResetError,
        WrongDeviceError,
    )

    under_reset = (
        "Check power and cable of the board."
        if board.connect is ConnectMode.UNDER_RESET
        else "Check power and cable of the board; `connect: under-reset` in its file helps where a firmware "
        "keeps debuggers out."
    )
    if type(error) is exceptions.Error and isinstance(error.__cause__, exceptions.Error):
        # Such as "Target not detected", which says less than what it was made from.
        return _connecting(error.__cause__, board, probe)
    if isinstance(error, exceptions.ProbeDisconnected):
        return _disconnected(error, probe)
    if isinstance(error, WrongDeviceError):
        return FlashError(
            f"the wrong chip is behind the probe {probe}: {error}",
            hint="Look which board the probe is plugged into, and at `target` in the board's file.",
            fault=FlashFault.WRONG_DEVICE,
        )
    if isinstance(error, DividedFlashError):
        return FlashError(
            f"the chip behind the probe {probe} cannot be flashed as it is: {error}",
            hint=error.remedy,
            fault=FlashFault.WRONG_DEVICE,
        )
    if isinstance(error, HeldInResetError):
        return FlashError(
            f"the target is held in reset; {error}",
            hint="Check what else is at the reset pin: a button, a jumper, another probe.",
            fault=FlashFault.HELD_IN_RESET,
        )
    if _is_busy(error):
        return FlashError(
            f"the probe {probe} is busy: {error}",
            hint="Another program has it open, or the rights are missing; see docs/boards.md on udev.",
            fault=FlashFault.PROBE_BUSY,
        )
    if isinstance(error, exceptions.ProbeError | OSError):
        return FlashError(f"the probe {probe} fails: {error}", hint="Unplug it and plug it in again.")
    if isinstance(error, exceptions.DebugError):
        return FlashError(
            f"no core was discovered behind the probe {probe}: {error}",
            hint=under_reset,
            fault=FlashFault.NO_CORE,
        )
    return FlashError(f"the board cannot be connected to: {error}", hint=under_reset)


@contextmanager
def flashing_failed(probe: str, controller: Controller) -> Iterator[None]:
    """Turns what pyOCD raises while it erases, programs or reads into FlashError; `controller` is the
    chip's."""
    from pyocd.core import exceptions

    try:
        yield
    except exceptions.FlashFailure as error:
        raise _refused(error, controller) from error
    except (exceptions.ProbeDisconnected, exceptions.TransferError, OSError) as error:
        raise _disconnected(error, probe) from error
    except exceptions.Error as error:
        raise FlashError(f"the image cannot be programmed: {error}", hint="Try once more.") from error


def _refused(error: Exception, controller: Controller) -> FlashError:
    from pyocd.core import exceptions

    result: int | None = getattr(error, "result_code", None)
    address: int | None = getattr(error, "address", None)
    reason = algorithm_error(result, controller) if result is not None else f"{error}."
    where = f" at {address:#010x}" if address is not None else ""
    if result is not None and algorithm_failure(result) is AlgorithmFailure.LOCKED:
        return FlashError(
            f"flash cannot be unlocked: {reason.removesuffix('.')}",
            hint="Switch the board off and on; a chip with write protection needs its option bytes changed.",
            fault=FlashFault.UNLOCK_REFUSED,
        )
    for kind, doing, fault in (
        (exceptions.FlashEraseFailure, "erasing", FlashFault.ERASE),
        (exceptions.FlashProgramFailure, "programming", FlashFault.PROGRAM),
    ):
        if isinstance(error, kind):
            return FlashError(
                f"{doing} flash{where} failed: {reason.removesuffix('.')}",
                hint="Check the supply of the board and the write protection of the chip.",
                fault=fault,
            )
    return FlashError(
        f"flash{where} cannot be used: {reason.removesuffix('.')}", hint="Switch the board off and on."
    )


def _disconnected(error: Exception, probe: str) -> FlashError:
    return FlashError(
        f"the link to the board broke, through the probe {probe}: {error}",
        hint="Check the cable; what flash holds now is unknown, and will be programmed anew.",
        fault=FlashFault.DISCONNECTED,
    )


def _is_busy(error: Exception) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in _BUSY_NUMBERS:
            return True
        cause = cause.__cause__ or cause.__context__
    return any(word in str(error).lower() for word in _BUSY_WORDS)
