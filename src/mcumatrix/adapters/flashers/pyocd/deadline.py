"""A time limit for what a library does that has none everywhere."""

import threading
from collections.abc import Callable
from typing import TypeVar

from mcumatrix.errors import FlashError, FlashFault

Result = TypeVar("Result")


def _leave_alone() -> None:
    pass


def within(
    limit_s: float, what: str, work: Callable[[], Result], give_up: Callable[[], None] = _leave_alone
) -> Result:
    """What `work` returns or raises; it is done in a thread of its own.

    After `limit_s` seconds `give_up` is called, and it is left alone: what it waits for has limits too, if
    longer ones.

    Raises:
        FlashError: the time is over. `what` says in the sentence what was being done.
    """
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name="debug-probe", daemon=True)
    thread.start()
    thread.join(limit_s)
    if thread.is_alive():
        give_up()
        raise FlashError(
            f"{what} did not end within {limit_s:g} s",
            hint="See `timeouts` in the board's file; if that is enough, switch the board off and on.",
            fault=FlashFault.FLASH_TIMEOUT,
        )
    if errors:
        raise errors[0]
    return results[0]
