"""Which places an archive may come from: https, files, and http on this machine alone."""

from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from mcumatrix.errors import SourceError

_ALLOWED = "Use an https: URL, a file: URL or an absolute path; http: only for 127.0.0.1, ::1 or localhost."


def check_address(url: str) -> None:
    """Raises:
    SourceError: an archive may not be fetched from there; nothing was asked yet.
    """
    if not url.isprintable() or " " in url:
        raise SourceError(f"{url!r} is not a URL: it has spaces or control characters in it.", hint=_ALLOWED)
    if url.startswith("/"):
        return
    parts = _split(url)
    if parts.username is not None or parts.password is not None:
        raise SourceError(
            f"A URL for {parts.hostname} has a user or a password in it; URLs are printed and recorded.",
            hint="Remove them from the URL and put them into ~/.netrc.",
        )
    if parts.scheme == "file":
        if parts.netloc not in {"", "localhost"} or not parts.path.startswith("/"):
            raise SourceError(f"{url!r} does not name a file on this machine.", hint="Write file:///path.")
    elif parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SourceError(f"{url!r} is not a place to fetch an archive from.", hint=_ALLOWED)
    elif parts.scheme == "http" and not is_loopback(parts.hostname):
        raise SourceError(f"{url!r} would come over the network without encryption.", hint=_ALLOWED)


def local_path(url: str) -> Path | None:
    """The file that a checked address names, or None where it is on the network."""
    if url.startswith("/"):
        return Path(url)
    parts = _split(url)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def redirect_refusal(origin: str, target: str) -> str:
    """Why a redirect is not followed, as the end of a sentence; empty if it may be.

    A page on the network must not reach files or unencrypted servers through us: a redirect leads to https,
    or from http on this machine to http on this machine.
    """
    if target.startswith("/") or _split(target).scheme not in {"http", "https"}:
        return "which is not on the web"
    if _split(target).scheme == "http" and _split(origin).scheme == "https":
        return "which is not encrypted"
    try:
        check_address(target)
    except SourceError:
        return "which is not allowed"
    return ""


def is_local_http(url: str) -> bool:
    """Whether a URL is http: and leads to this machine."""
    parts = _split(url)
    return parts.scheme == "http" and is_loopback(parts.hostname or "")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its address, or is `localhost`."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # read here, because it is checked only when it is read
    except ValueError as error:
        raise SourceError(f"{url!r} is not a URL: {error}.", hint=_ALLOWED) from None
    return parts
