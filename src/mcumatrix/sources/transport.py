"""One request for one archive, over https or from a file. Knows nothing of pins and caches."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from mcumatrix.sources.address import is_loopback, local_path, redirect_refusal

if TYPE_CHECKING:
    from requests import Response

_CHUNK_BYTES = 64 * 1024
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-\d+/(\d{1,18}|\*)")
_TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}
WEB_PAGE = "it sent a web page instead of the archive, perhaps to log in or to agree to a license"


@dataclass(frozen=True, slots=True)
class TransferLimits:
    """What a transfer may take.

    `size_bytes` is for archives whose pin has no size; `attempts` counts requests to one URL; `backoff_s` is
    the wait before the second, doubled each time up to 30 s; a server that sends nothing for `read_timeout_s`
    counts as cut; `offline` asks nothing of the network.
    """

    size_bytes: int = 4 * 1024**3
    attempts: int = 6
    redirects: int = 5
    connect_timeout_s: float = 20.0
    read_timeout_s: float = 60.0
    backoff_s: float = 1.0
    offline: bool = False


class Then(Enum):
    """What makes sense after a failed request."""

    GIVE_UP = auto()
    AGAIN = auto()
    FROM_START = auto()


class UnavailableError(Exception):
    """A URL did not give what was asked for; the reason is the rest of a sentence about it."""

    def __init__(self, reason: str, then: Then = Then.GIVE_UP) -> None:
        super().__init__(reason)
        self.reason = reason
        self.then = then


@dataclass(frozen=True, slots=True)
class Body:
    """An answer: bytes of a file from `offset` on.

    `size_bytes` is that of the entire file, None where the server does not say. `validator` is what
    identifies this version of the file in a later request (RFC 9110, section 13.1.5), empty if nothing does.
    """

    offset: int
    size_bytes: int | None
    validator: str
    chunks: Iterator[bytes]


@contextmanager
def open_address(url: str, limits: TransferLimits, offset: int = 0, validator: str = "") -> Iterator[Body]:
    """Asks for a file, from `offset` on if it is still the version that `validator` identifies.

    Raises:
        UnavailableError: it is not to be had, on opening or while its chunks are read.
    """
    path = local_path(url)
    if path is not None:
        with _open_file(path) as body:
            yield body
    elif limits.offline:
        raise UnavailableError("not asked, because work is offline")
    else:
        with _open_url(url, limits, offset, validator) as body:
            yield body


@contextmanager
def _open_file(path: Path) -> Iterator[Body]:
    try:
        # Before it is opened: a pipe would wait for a writer.
        if path.exists() and not path.is_file():
            raise UnavailableError("it is not an ordinary file")
        file = path.open("rb")
    except OSError as error:
        raise UnavailableError(f"it cannot be read: {error.strerror}") from error
    with file:

        def chunks() -> Iterator[bytes]:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk

        yield Body(0, path.stat().st_size, "", chunks())


@contextmanager
def _open_url(url: str, limits: TransferLimits, offset: int, validator: str) -> Iterator[Body]:
    # Archives are hashed as they are stored: a server must not pack them once more on the way.
    headers = {"Accept-Encoding": "identity", "User-Agent": "mcumatrix"}
    if offset:
        headers |= {"Range": f"bytes={offset}-", "If-Range": validator}
    with _follow(url, headers, limits) as response:
        yield _body(response, offset, limits)


def _follow(url: str, headers: dict[str, str], limits: TransferLimits) -> "Response":
    for _ in range(limits.redirects + 1):
        response = _get(url, headers, limits)
        if not response.is_redirect:
            return response
        target = urljoin(url, response.headers["location"])
        response.close()
        refusal = redirect_refusal(url, target)
        if refusal:
            raise UnavailableError(f"it redirects to {target[:200]!r}, {refusal}")
        url = target
    raise UnavailableError(f"it redirects more than {limits.redirects} times")


def _get(url: str, headers: dict[str, str], limits: TransferLimits) -> "Response":
    from requests import exceptions, get

    timeout = (limits.connect_timeout_s, limits.read_timeout_s)
    # A proxy that the environment names is for the network, not for this machine.
    proxies = {"http": "", "https": ""} if is_loopback(urlsplit(url).hostname or "") else None
    try:
        # Not in a session: a server that ends a connection after a redirect would seem to cut the next.
        return get(url, headers=headers, timeout=timeout, proxies=proxies, stream=True, allow_redirects=False)
    except exceptions.SSLError as error:
        raise UnavailableError(f"its certificate is not trusted: {_system_reason(error)}") from error
    except exceptions.ConnectTimeout as error:
        raise UnavailableError(f"it cannot be reached within {limits.connect_timeout_s:g} s") from error
    except exceptions.ReadTimeout as error:
        raise _silence(limits) from error
    except exceptions.ConnectionError as error:
        from urllib3.exceptions import MaxRetryError

        if error.args and isinstance(error.args[0], MaxRetryError):  # no connection was made at all
            raise UnavailableError(f"it cannot be reached: {_system_reason(error)}") from error
        raise UnavailableError("it cut the connection before it answered", Then.AGAIN) from error
    except exceptions.RequestException as error:
        raise UnavailableError(f"it cannot be asked: {error}") from error


def _body(response: "Response", offset: int, limits: TransferLimits) -> Body:
    status = response.status_code
    answered = f"it answered {status} {response.reason or ''}".rstrip()
    if status == 416:
        raise UnavailableError(answered, Then.FROM_START)
    if status not in {200, 206}:
        raise UnavailableError(answered, Then.AGAIN if status in _TRY_AGAIN else Then.GIVE_UP)
    if response.headers.get("content-type", "").lower().startswith("text/html"):
        raise UnavailableError(WEB_PAGE)
    etag = response.headers.get("etag", "")
    # A weak tag promises the same meaning, not the same bytes.
    validator = (
        etag if etag.startswith('"') else response.headers.get("last-modified", "") if not etag else ""
    )
    chunks = _chunks(response, limits)
    if status == 200:
        length = re.fullmatch(r"\d{1,18}", response.headers.get("content-length", ""))
        return Body(0, int(length[0]) if length else None, validator, chunks)
    part = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
    if not part or not offset or int(part[1]) != offset:
        raise UnavailableError("it sent another part of the file than it was asked for", Then.FROM_START)
    return Body(offset, None if part[2] == "*" else int(part[2]), validator, chunks)


def _chunks(response: "Response", limits: TransferLimits) -> Iterator[bytes]:
    from urllib3.exceptions import HTTPError, ReadTimeoutError

    try:
        yield from response.raw.stream(_CHUNK_BYTES, decode_content=False)
    except ReadTimeoutError as error:
        raise _silence(limits) from error
    except HTTPError as error:
        raise UnavailableError("it cut the connection", Then.AGAIN) from error


def _silence(limits: TransferLimits) -> UnavailableError:
    return UnavailableError(f"it sent nothing for {limits.read_timeout_s:g} s", Then.AGAIN)


def _system_reason(error: BaseException) -> str:
    """What the operating system or the TLS library said, below what other libraries made of it."""
    from requests.exceptions import RequestException

    reason = ""
    below: BaseException | None = error
    while below is not None:
        if isinstance(below, OSError) and not isinstance(below, RequestException) and below.strerror:
            reason = getattr(below, "verify_message", "") or below.strerror
        below = below.__cause__ or below.__context__
    return reason or "no reason is given"
