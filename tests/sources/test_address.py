"""Where archives may come from."""

from pathlib import Path

import pytest

from mcumatrix.errors import SourceError
from mcumatrix.sources.address import check_address, is_loopback, local_path, redirect_refusal

ALLOWED = (
    "\n  Use an https: URL, a file: URL or an absolute path; http: only for 127.0.0.1, ::1 or localhost."
)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a.zip",
        "https://example.org:8443/a.zip?x=1",
        "http://127.0.0.1:8000/a.zip",
        "http://[::1]/a.zip",
        "http://localhost/a.zip",
        "file:///archives/a.zip",
        "/archives/a.zip",
    ],
)
def test_an_archive_may_come_over_https_from_this_machine_and_from_a_file(url: str) -> None:
    check_address(url)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "http://example.org/a",
            "'http://example.org/a' would come over the network without encryption." + ALLOWED,
        ),
        (
            "http://127.0.0.1.example.org/a",
            "'http://127.0.0.1.example.org/a' would come over the network without encryption." + ALLOWED,
        ),
        ("ftp://example.org/a", "'ftp://example.org/a' is not a place to fetch an archive from." + ALLOWED),
        ("a.zip", "'a.zip' is not a place to fetch an archive from." + ALLOWED),
        ("../a.zip", "'../a.zip' is not a place to fetch an archive from." + ALLOWED),
        ("", "'' is not a place to fetch an archive from." + ALLOWED),
        ("https:///a", "'https:///a' is not a place to fetch an archive from." + ALLOWED),
        ("https://[::1/a", "'https://[::1/a' is not a URL: Invalid IPv6 URL." + ALLOWED),
        (
            "https://a b/c",
            "'https://a b/c' is not a URL: it has spaces or control characters in it." + ALLOWED,
        ),
        (
            "https://a/\r\nX: y",
            "'https://a/\\r\\nX: y' is not a URL: it has spaces or control characters in it." + ALLOWED,
        ),
        (
            "file://server/share/a.zip",
            "'file://server/share/a.zip' does not name a file on this machine.\n  Write file:///path.",
        ),
        (
            "https://me:secret@example.org/a",
            "A URL for example.org has a user or a password in it; URLs are printed and recorded.\n"
            "  Remove them from the URL and put them into ~/.netrc.",
        ),
    ],
)
def test_any_other_place_is_refused_before_it_is_asked(url: str, message: str) -> None:
    with pytest.raises(SourceError) as raised:
        check_address(url)
    assert str(raised.value) == message


def test_a_port_that_is_none_is_refused() -> None:
    with pytest.raises(SourceError, match="'https://a:99999/b' is not a URL: Port out of range 0-65535"):
        check_address("https://a:99999/b")


def test_a_file_is_told_from_the_network() -> None:
    assert local_path("file:///a%20b/c.zip") == Path("/a b/c.zip")
    assert local_path("/a%20b/c.zip") == Path("/a%20b/c.zip")
    assert local_path("https://example.org/c.zip") is None


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.8.9.1", True), ("::1", True), ("localhost", True), ("10.0.0.1", False)],
)
def test_this_machine_is_known_by_its_address(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    ("origin", "target", "refusal"),
    [
        ("https://a.org/x", "https://b.org/y", ""),
        ("http://127.0.0.1/x", "https://b.org/y", ""),
        ("http://127.0.0.1/x", "http://127.0.0.1:81/y", ""),
        ("https://a.org/x", "http://a.org/x", "which is not encrypted"),
        ("https://a.org/x", "http://127.0.0.1/x", "which is not encrypted"),
        ("http://127.0.0.1/x", "http://a.org/x", "which is not allowed"),
        ("https://a.org/x", "https://me:secret@a.org/x", "which is not allowed"),
        ("https://a.org/x", "file:///etc/passwd", "which is not on the web"),
        ("https://a.org/x", "/etc/passwd", "which is not on the web"),
    ],
)
def test_a_redirect_never_leads_to_less_safety(origin: str, target: str, refusal: str) -> None:
    assert redirect_refusal(origin, target) == refusal
