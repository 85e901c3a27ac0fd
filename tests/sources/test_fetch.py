"""Archives come into the cache whole and as they are pinned, or not at all."""

import hashlib
import itertools
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from mcumatrix.errors import SourceError
from mcumatrix.sources.cache import Cache
from mcumatrix.sources.fetch import fetch
from mcumatrix.sources.pin import Algorithm, Pin
from mcumatrix.sources.progress import Quiet
from mcumatrix.sources.transport import TransferLimits
from sources.loopback import (
    CERTIFICATE,
    Answer,
    Site,
    data,
    hang_up,
    part,
    redirect,
    serving,
    status,
    unmeasured,
)
from sources.packing import CONTENTS, pin_of

NOW = TransferLimits(attempts=3, backoff_s=0, size_bytes=4_000_000)
HALF = len(CONTENTS) // 2
OTHER = CONTENTS[::-1]
PAGE = b"<!DOCTYPE html><title>Log in</title>"


class Heard(Quiet):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, str, int | None]] = []
        self.done: list[int] = []
        self.notes: list[str] = []

    def begin(self, activity: str, name: str, total_bytes: int | None) -> None:
        self.begun.append((activity, name, total_bytes))

    def advance(self, done_bytes: int) -> None:
        self.done.append(done_bytes)

    def note(self, message: str) -> None:
        self.notes.append(message)


def _failure(pin: Pin, cache: Cache, limits: TransferLimits = NOW, mirrors: tuple[str, ...] = ()) -> str:
    """The error of a fetch, with nothing left under the final name."""
    with pytest.raises(SourceError) as raised:
        fetch(pin, cache, limits=limits, mirrors=mirrors)
    assert not cache.archive(pin).exists()
    return str(raised.value)


def _text(pin: Pin, cache: Cache, *reasons: str) -> str:
    lines = "".join(f"\n    {reason}" for reason in reasons)
    return (
        f"thing-1.0.tar.gz could not be fetched:{lines}\n"
        f"  Run again when it can be; or put the file with sha256:{pin.digest} there yourself:\n"
        f"    {cache.root}/archives/sha256/{pin.digest}/thing-1.0.tar.gz"
    )


def test_an_archive_is_fetched_once_and_then_comes_from_the_cache(site: Site, cache: Cache) -> None:
    pin = pin_of(CONTENTS, site.put("/a", data(CONTENTS)))
    heard = Heard()
    path = fetch(pin, cache, limits=NOW, progress=heard)
    assert path == cache.archive(pin)
    assert path.read_bytes() == CONTENTS
    assert fetch(pin, cache, limits=NOW) == path
    assert site.asked == [("/a", "")]
    assert heard.begun == [("fetch", "thing-1.0.tar.gz", len(CONTENTS))]
    assert heard.done == sorted(heard.done)
    assert (heard.done[0], heard.done[-1], heard.notes) == (0, len(CONTENTS), [])
    assert sorted(entry.name for entry in path.parent.iterdir()) == [".lock", "thing-1.0.tar.gz"]


def test_an_archive_pinned_by_md5_is_fetched_too(site: Site, cache: Cache) -> None:
    url = site.put("/a", data(CONTENTS))
    pin = Pin("gemmlowp.zip", (url,), Algorithm.MD5, hashlib.md5(CONTENTS).hexdigest())
    assert fetch(pin, cache, limits=NOW).read_bytes() == CONTENTS


@pytest.mark.parametrize("address", ["file://{}", "{}"])
def test_an_archive_may_be_a_file(tmp_path: Path, cache: Cache, address: str) -> None:
    (tmp_path / "a").write_bytes(CONTENTS)
    pin = pin_of(CONTENTS, address.format(tmp_path / "a"))
    assert fetch(pin, cache, limits=TransferLimits(offline=True)).read_bytes() == CONTENTS


def test_a_cut_connection_is_resumed_where_it_was(site: Site, cache: Cache) -> None:
    url = site.put("/a", data(CONTENTS, cut_at=HALF), hang_up, data(CONTENTS))
    pin, heard = pin_of(CONTENTS, url), Heard()
    assert fetch(pin, cache, limits=NOW, progress=heard).read_bytes() == CONTENTS
    (_, first), (_, second), (_, third) = site.asked
    assert (first, second) == ("", third)
    assert 0 < int(second.removeprefix("bytes=").removesuffix("-")) <= HALF
    assert heard.notes == [
        f"{url}: it cut the connection; trying again.",
        f"{url}: it cut the connection before it answered; trying again.",
    ]


def test_a_server_that_is_busy_is_asked_again(site: Site, cache: Cache) -> None:
    pin = pin_of(CONTENTS, site.put("/a", status(503), status(429), data(CONTENTS)))
    assert fetch(pin, cache, limits=NOW).read_bytes() == CONTENTS


@pytest.mark.parametrize(
    "second",
    [
        data(CONTENTS, ranges=False),
        data(CONTENTS, etag='"2"'),
        status(416),
        part(CONTENTS[7:], f"bytes 7-{len(CONTENTS) - 1}/{len(CONTENTS)}"),
        part(CONTENTS[HALF:], "nonsense"),
    ],
    ids=["ignores-range", "changed", "refuses-range", "other-range", "nonsense"],
)
def test_a_server_that_cannot_resume_gives_it_from_the_start(
    site: Site, cache: Cache, second: Answer
) -> None:
    pin = pin_of(CONTENTS, site.put("/a", data(CONTENTS, cut_at=HALF), second, data(CONTENTS)))
    assert fetch(pin, cache, limits=NOW).read_bytes() == CONTENTS


def test_a_file_that_changes_without_a_word_is_fetched_once_more_from_the_start(
    site: Site, cache: Cache
) -> None:
    # The server says that it is the same version, and it is not.
    pin = pin_of(CONTENTS, site.put("/a", data(OTHER, cut_at=HALF), data(CONTENTS)))
    assert fetch(pin, cache, limits=NOW).read_bytes() == CONTENTS
    assert [bool(asked) for _, asked in site.asked] == [False, True, False]


@pytest.mark.parametrize("etag", ["", 'W/"1"'])
def test_a_version_that_nothing_identifies_is_not_resumed(site: Site, cache: Cache, etag: str) -> None:
    url = site.put("/a", data(CONTENTS, etag=etag, cut_at=HALF), data(CONTENTS, etag=etag))
    assert fetch(pin_of(CONTENTS, url), cache, limits=NOW).read_bytes() == CONTENTS
    assert site.asked == [("/a", ""), ("/a", "")]


def test_a_version_may_be_identified_by_its_date(site: Site, cache: Cache) -> None:
    date = {"Last-Modified": "Tue, 03 Nov 2020 10:00:00 GMT"}
    url = site.put(
        "/a",
        data(CONTENTS, etag="", cut_at=HALF, headers=date),
        lambda handler: data(CONTENTS, etag=handler.headers["If-Range"])(handler),
    )
    assert fetch(pin_of(CONTENTS, url), cache, limits=NOW).read_bytes() == CONTENTS
    assert site.asked[1][1]


def test_a_server_that_always_cuts_is_given_up(site: Site, cache: Cache) -> None:
    url = site.put("/a", data(CONTENTS, cut_at=HALF))
    pin = pin_of(CONTENTS, url)
    message = _failure(pin, cache)
    kept = (cache.archive(pin).parent / "thing-1.0.tar.gz.part").stat().st_size
    assert 0 < kept <= HALF
    assert message == _text(pin, cache, f"{url}: it cut the connection, after 3 attempts and {kept} bytes")
    assert len(site.asked) == 3


def test_what_was_kept_of_a_failed_fetch_is_used_by_the_next(site: Site, cache: Cache) -> None:
    url = site.put("/a", data(CONTENTS, cut_at=HALF))
    pin = pin_of(CONTENTS, url)
    _failure(pin, cache)
    site.put("/a", data(CONTENTS))
    site.asked.clear()
    assert fetch(pin, cache, limits=NOW).read_bytes() == CONTENTS
    assert [bool(asked) for _, asked in site.asked] == [True]


def test_a_silent_server_is_given_up(site: Site, cache: Cache) -> None:
    over = threading.Event()
    url = site.put("/a", data(CONTENTS, cut_at=0, then=over.wait))
    pin = pin_of(CONTENTS, url)
    message = _failure(pin, cache, replace(NOW, read_timeout_s=0.2))
    over.set()
    assert message == _text(pin, cache, f"{url}: it sent nothing for 0.2 s, after 3 attempts and 0 bytes")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (status(404), "it answered 404 Not Found"),
        (status(403), "it answered 403 Forbidden"),
        (status(204), "it answered 204 No Content"),
        (status(500), "it answered 500 Internal Server Error, after 3 attempts and 0 bytes"),
        (hang_up, "it cut the connection before it answered, after 3 attempts and 0 bytes"),
        (
            data(OTHER),
            f"it sent {len(OTHER)} bytes with sha256 {hashlib.sha256(OTHER).hexdigest()}",
        ),
        (
            data(CONTENTS, length=1000),
            f"it sent 1000 bytes with sha256 {hashlib.sha256(CONTENTS[:1000]).hexdigest()}",
        ),
        (
            data(CONTENTS, length=5_000_000),
            "it says 5000000 bytes, and at most 4000000 are accepted",
        ),
        (unmeasured(itertools.repeat(b"x" * 65536)), "it sent more than 4000000 bytes"),
        (unmeasured(iter([b""])), f"it sent 0 bytes with sha256 {hashlib.sha256(b'').hexdigest()}"),
        (
            data(PAGE, kind="text/html; charset=utf-8"),
            "it sent a web page instead of the archive, perhaps to log in or to agree to a license",
        ),
        (
            data(PAGE),
            "it sent a web page instead of the archive, perhaps to log in or to agree to a license",
        ),
        (
            part(CONTENTS, f"bytes 0-{len(CONTENTS) - 1}/{len(CONTENTS)}"),
            "it sent another part of the file than it was asked for, after 3 attempts and 0 bytes",
        ),
        (redirect("http://example.org/a"), "it redirects to 'http://example.org/a', which is not allowed"),
        (redirect("file:///etc/passwd"), "it redirects to 'file:///etc/passwd', which is not on the web"),
        (redirect("/a"), "it redirects more than 5 times"),
    ],
)
def test_a_server_that_does_not_give_the_archive_is_named_with_the_reason(
    site: Site, cache: Cache, answer: Answer, reason: str
) -> None:
    url = site.put("/a", answer)
    pin = pin_of(CONTENTS, url)
    assert _failure(pin, cache) == _text(pin, cache, f"{url}: {reason}")


def test_a_length_that_is_too_long_counts_as_a_cut_connection(site: Site, cache: Cache) -> None:
    url = site.put("/a", data(CONTENTS, length=len(CONTENTS) + 1))
    pin = pin_of(CONTENTS, url)
    message = _failure(pin, cache)
    kept = (cache.archive(pin).parent / "thing-1.0.tar.gz.part").stat().st_size
    assert message == _text(pin, cache, f"{url}: it cut the connection, after 3 attempts and {kept} bytes")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (data(CONTENTS), f"it says {len(CONTENTS)} bytes, and {len(CONTENTS) - 1} are pinned"),
        (unmeasured(iter([CONTENTS])), f"it sent more than {len(CONTENTS) - 1} bytes"),
    ],
)
def test_a_pinned_size_is_believed_more_than_the_server(
    site: Site, cache: Cache, answer: Answer, reason: str
) -> None:
    url = site.put("/a", answer)
    pin = pin_of(CONTENTS, url, size_bytes=len(CONTENTS) - 1)
    assert _failure(pin, cache) == _text(pin, cache, f"{url}: {reason}")


def test_a_pinned_size_tells_a_cut_from_wrong_bytes(site: Site, cache: Cache) -> None:
    url = site.put("/a", unmeasured(iter([CONTENTS[:HALF]])), data(CONTENTS))
    pin = pin_of(CONTENTS, url, size_bytes=len(CONTENTS))
    assert fetch(pin, cache, limits=NOW).read_bytes() == CONTENTS


def test_a_redirect_is_followed(site: Site, cache: Cache) -> None:
    url = site.put("/a", redirect("b"))
    site.put("/b", redirect(f"{site.url}/c"))
    site.put("/c", data(CONTENTS))
    assert fetch(pin_of(CONTENTS, url), cache, limits=NOW).read_bytes() == CONTENTS


def test_bytes_are_kept_as_stored_whatever_the_server_says_of_their_encoding(
    site: Site, cache: Cache
) -> None:
    url = site.put("/a", data(CONTENTS, headers={"Content-Encoding": "gzip"}))
    assert fetch(pin_of(CONTENTS, url), cache, limits=NOW).read_bytes() == CONTENTS


def test_a_proxy_is_not_asked_for_what_is_on_this_machine(
    site: Site, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    pin = pin_of(CONTENTS, site.put("/a", data(CONTENTS)))
    assert fetch(pin, cache, limits=NOW).read_bytes() == CONTENTS


def test_https_is_verified_and_never_left_for_http(
    site: Site, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = site.put("/a", data(CONTENTS))
    with serving(tls=True) as secure:
        good, down = secure.put("/a", data(CONTENTS)), secure.put("/down", redirect(plain))
        pin = pin_of(CONTENTS, good)
        assert _failure(pin, cache) == _text(
            pin, cache, f"{good}: its certificate is not trusted: self-signed certificate"
        )
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
        lower = pin_of(CONTENTS, down)
        assert _failure(lower, cache) == _text(
            lower, cache, f"{down}: it redirects to '{plain}', which is not encrypted"
        )
        assert fetch(pin, cache, limits=NOW).read_bytes() == CONTENTS
    assert site.asked == []


def test_the_next_url_is_asked_when_one_fails_and_a_mirror_before_all(site: Site, cache: Cache) -> None:
    pin = pin_of(CONTENTS, site.put("/gone", status(404)), site.put("/a", data(CONTENTS)))
    assert fetch(pin, cache, limits=NOW, mirrors=(f"{site.url}/m",)).read_bytes() == CONTENTS
    assert site.asked == [
        (f"/m/sha256/{pin.digest}/thing-1.0.tar.gz", ""),
        ("/gone", ""),
        ("/a", ""),
    ]


def test_another_cache_is_a_mirror(site: Site, cache: Cache, tmp_path: Path) -> None:
    pin = pin_of(CONTENTS, site.put("/a", data(CONTENTS)))
    fetch(pin, cache, limits=NOW)
    second = Cache(tmp_path / "second")
    offline = TransferLimits(offline=True)
    assert fetch(pin, second, limits=offline, mirrors=(str(cache.archives),)).read_bytes() == CONTENTS


def test_part_of_one_url_is_never_completed_from_another(site: Site, cache: Cache) -> None:
    first, second = site.put("/a", data(OTHER, cut_at=HALF)), site.put("/b", data(CONTENTS))
    assert fetch(pin_of(CONTENTS, first, second), cache, limits=NOW).read_bytes() == CONTENTS
    assert site.asked[-1] == ("/b", "")


def test_every_url_that_failed_is_named(site: Site, cache: Cache, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    urls = (f"{site.url}/gone", f"file://{tmp_path}/none", str(tmp_path), str(tmp_path / "pipe"))
    pin = pin_of(CONTENTS, *urls)
    assert _failure(pin, cache) == _text(
        pin,
        cache,
        f"{urls[0]}: it answered 404 Not Found",
        f"{urls[1]}: it cannot be read: No such file or directory",
        f"{urls[2]}: it is not an ordinary file",
        f"{urls[3]}: it is not an ordinary file",
    )


def test_a_pin_without_url_says_where_to_put_the_file(cache: Cache) -> None:
    pin = pin_of(CONTENTS)
    assert _failure(pin, cache) == _text(pin, cache, "it has no URL, and there is no mirror")


def test_offline_the_error_names_the_file_and_a_person_can_put_it_there(cache: Cache) -> None:
    pin = pin_of(CONTENTS, "https://example.org/a")
    offline = TransferLimits(offline=True)
    expected = _text(pin, cache, "https://example.org/a: not asked, because work is offline")
    assert _failure(pin, cache, offline) == expected
    Path(expected.splitlines()[-1].strip()).write_bytes(CONTENTS)
    assert fetch(pin, cache, limits=offline).read_bytes() == CONTENTS


def test_a_server_that_is_not_there_is_not_asked_twice(cache: Cache) -> None:
    with serving() as gone:
        url = f"{gone.url}/a"
    pin = pin_of(CONTENTS, url)
    assert _failure(pin, cache) == _text(pin, cache, f"{url}: it cannot be reached: Connection refused")


def test_a_wrong_file_in_the_cache_is_set_aside_and_fetched_again(site: Site, cache: Cache) -> None:
    pin, heard = pin_of(CONTENTS, site.put("/a", data(CONTENTS))), Heard()
    path = fetch(pin, cache, limits=NOW)
    path.write_bytes(OTHER)  # same length
    assert fetch(pin, cache, limits=NOW, progress=heard).read_bytes() == CONTENTS
    assert path.with_name("thing-1.0.tar.gz.wrong").read_bytes() == OTHER
    assert heard.notes == ["thing-1.0.tar.gz in the cache is not what is pinned and is fetched again."]


def test_a_wrong_file_that_a_person_put_there_is_said_to_be_wrong(cache: Cache) -> None:
    pin = pin_of(CONTENTS)
    path = cache.archive(pin)
    path.parent.mkdir(parents=True)
    path.write_bytes(OTHER)
    assert _failure(pin, cache) == _text(
        pin,
        cache,
        f"{path}: its sha256 is {hashlib.sha256(OTHER).hexdigest()}; moved to thing-1.0.tar.gz.wrong",
    )


def test_an_archive_that_was_complete_but_for_its_name_needs_no_network(cache: Cache) -> None:
    pin = pin_of(CONTENTS, "https://example.org/a")
    path = cache.archive(pin)
    path.parent.mkdir(parents=True)
    path.with_name(f"{path.name}.part").write_bytes(CONTENTS)
    assert fetch(pin, cache, limits=TransferLimits(offline=True)).read_bytes() == CONTENTS


@pytest.mark.parametrize("note", [b"", b"{", b"[]", b'{"url": 1}', b"\xff"])
def test_a_part_that_nobody_knows_is_not_used(site: Site, cache: Cache, note: bytes) -> None:
    pin = pin_of(CONTENTS, site.put("/a", data(CONTENTS)))
    path = cache.archive(pin)
    path.parent.mkdir(parents=True)
    path.with_name(f"{path.name}.part").write_bytes(OTHER[:HALF])
    path.with_name(f"{path.name}.part.json").write_bytes(note)
    assert fetch(pin, cache, limits=NOW).read_bytes() == CONTENTS
    assert site.asked == [("/a", "")]


def test_an_interrupt_leaves_what_can_be_resumed(site: Site, cache: Cache) -> None:
    class Impatient(Quiet):
        def advance(self, done_bytes: int) -> None:
            if done_bytes >= HALF:
                raise KeyboardInterrupt

    pin = pin_of(CONTENTS, site.put("/a", data(CONTENTS)))
    with pytest.raises(KeyboardInterrupt):
        fetch(pin, cache, limits=NOW, progress=Impatient())
    assert not cache.archive(pin).exists()
    assert fetch(pin, cache, limits=NOW).read_bytes() == CONTENTS
    assert int(site.asked[1][1].removeprefix("bytes=").removesuffix("-")) >= HALF


@pytest.mark.parametrize("ending", ["", ".part"])
def test_a_cache_with_a_folder_in_the_way_is_an_error(site: Site, cache: Cache, ending: str) -> None:
    pin = pin_of(CONTENTS, site.put("/a", data(CONTENTS)))
    path = cache.archive(pin)
    path.with_name(f"{path.name}{ending}").mkdir(parents=True)
    with pytest.raises(SourceError) as raised:
        fetch(pin, cache, limits=NOW)
    assert str(raised.value) == (
        f"thing-1.0.tar.gz cannot be kept in the cache: {path}{ending} cannot be used, because the "
        "system says: Is a directory.\n"
        "  Mend that, and run again. MCUMATRIX_CACHE can name another folder."
    )
