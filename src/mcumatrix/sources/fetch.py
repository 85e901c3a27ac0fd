"""Brings a pinned archive into the cache."""

import time
from collections.abc import Sequence
from pathlib import Path

from mcumatrix.errors import SourceError
from mcumatrix.sources.cache import Cache, kept, locked, mirror_url
from mcumatrix.sources.partial import Partial
from mcumatrix.sources.pin import Pin
from mcumatrix.sources.progress import QUIET, Progress
from mcumatrix.sources.transport import WEB_PAGE, Body, Then, TransferLimits, UnavailableError, open_address

_LONGEST_BACKOFF_S = 30.0


def fetch(
    pin: Pin,
    cache: Cache,
    *,
    progress: Progress = QUIET,
    mirrors: Sequence[str] = (),
    limits: TransferLimits | None = None,
) -> Path:
    """The verified archive of a pin: from the cache, else from the mirrors, else from its own URLs.

    An archive that is in the cache is hashed again on each call; a wrong one is set aside as `<name>.wrong`.
    A transfer that was cut or killed goes on where it was, where the server can do that.

    Raises:
        SourceError: it is not to be had; says why for each URL, and where to put the file by hand.
    """
    limits = limits or TransferLimits()
    path = cache.archive(pin)
    with kept(pin.name, path.parent):
        if _digest(path, pin) == pin.digest:
            return path
        with locked(path.parent / ".lock", pin.name, progress):
            return _fetch(pin, path, progress, mirrors, limits)


def _fetch(pin: Pin, path: Path, progress: Progress, mirrors: Sequence[str], limits: TransferLimits) -> Path:
    failures = []
    found = _digest(path, pin)
    if found == pin.digest:  # another process was faster
        return path
    if found is not None:
        wrong = path.with_name(f"{path.name}.wrong")
        path.replace(wrong)
        failures.append(f"{path}: its {pin.algorithm} is {found}; moved to {wrong.name}")
        progress.note(f"{pin.name} in the cache is not what is pinned and is fetched again.")
    with Partial(path.with_name(f"{path.name}.part"), pin.algorithm) as part:
        if part.digest == pin.digest:  # killed between the last byte and the final name
            part.finish(path)
            return path
        for url in (*(mirror_url(mirror, pin) for mirror in mirrors), *pin.urls):
            try:
                _fetch_from(url, pin, part, progress, limits)
            except UnavailableError as unavailable:
                failures.append(f"{url}: {unavailable.reason}")
            else:
                part.finish(path)
                return path
    if not failures:
        failures.append("it has no URL, and there is no mirror")
    reasons = "".join(f"\n    {failure}" for failure in failures)
    raise SourceError(
        f"{pin.name} could not be fetched:{reasons}",
        hint=f"Run again when it can be; or put the file with {pin.checksum} there yourself:\n    {path}",
    )


def _digest(path: Path, pin: Pin) -> str | None:
    """The digest of a file by the algorithm of a pin, None if there is no such file."""
    try:
        with path.open("rb") as file:
            return pin.digest_of(file)
    except FileNotFoundError:
        return None


def _fetch_from(url: str, pin: Pin, part: Partial, progress: Progress, limits: TransferLimits) -> None:
    """Has the whole archive in `part` when it returns, whatever was there before."""
    reason = ""
    for attempt in range(limits.attempts):
        if attempt:
            progress.note(f"{url}: {reason}; trying again.")
            time.sleep(min(limits.backoff_s * 2 ** (attempt - 1), _LONGEST_BACKOFF_S))
        validator = part.validator_for(url)
        resumed = part.size_bytes if validator else 0
        try:
            with open_address(url, limits, resumed, validator) as body:
                if body.offset == 0:
                    resumed = 0
                    part.restart(url, body.validator)
                _receive(body, pin, part, progress, limits)
            _check(pin, part, resumed)
        except UnavailableError as unavailable:
            if unavailable.then is Then.GIVE_UP:
                raise
            if unavailable.then is Then.FROM_START:
                part.restart()
            reason = unavailable.reason
        else:
            return
    raise UnavailableError(f"{reason}, after {limits.attempts} attempts and {part.size_bytes} bytes")


def _receive(body: Body, pin: Pin, part: Partial, progress: Progress, limits: TransferLimits) -> None:
    if pin.size_bytes is not None and body.size_bytes not in {None, pin.size_bytes}:
        part.restart()
        raise UnavailableError(f"it says {body.size_bytes} bytes, and {pin.size_bytes} are pinned")
    most_bytes = pin.size_bytes or limits.size_bytes
    if (body.size_bytes or 0) > most_bytes:
        part.restart()
        raise UnavailableError(f"it says {body.size_bytes} bytes, and at most {most_bytes} are accepted")
    progress.begin("fetch", pin.name, body.size_bytes or pin.size_bytes)
    progress.advance(part.size_bytes)
    for chunk in body.chunks:
        if part.size_bytes + len(chunk) > most_bytes:
            part.restart()
            raise UnavailableError(f"it sent more than {most_bytes} bytes")
        part.append(chunk)
        progress.advance(part.size_bytes)


def _check(pin: Pin, part: Partial, resumed: int) -> None:
    """Ends the use of bytes that are not the pinned ones."""
    if part.digest == pin.digest:
        return
    if pin.size_bytes is not None and part.size_bytes < pin.size_bytes:
        raise UnavailableError("it cut the connection", Then.AGAIN)
    reason = f"it sent {part.size_bytes} bytes with {pin.algorithm} {part.digest}"
    if part.head().lstrip().lower().startswith((b"<!doctype html", b"<html")):
        reason = WEB_PAGE
    # Where a part was there before, that part may be to blame: once more with none of it.
    then = Then.FROM_START if resumed else Then.GIVE_UP
    part.restart()
    raise UnavailableError(reason, then)
