"""Pins: no pin, no download."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcumatrix.errors import ExitCode, SourceError
from mcumatrix.sources.pin import Algorithm, ArchiveKind, Pin, read_pin

SHA256 = "0123456789abcdef" * 4
URL = "https://example.org/a.zip"
HINT = "\n  Write it as sha256:DIGEST, or md5:DIGEST where a project publishes nothing better."


def test_a_checksum_is_read_as_people_write_it() -> None:
    pin = read_pin("a.tar.gz", [URL], f"sha256:{SHA256.upper()}", 12)
    assert pin == Pin("a.tar.gz", (URL,), Algorithm.SHA256, SHA256, 12)
    assert pin.checksum == f"sha256:{SHA256}"
    assert read_pin("a.zip", [], "md5:" + "0" * 32).algorithm is Algorithm.MD5


@pytest.mark.parametrize(
    ("name", "kind", "stem"),
    [
        ("tensorflow-2.1.0.tar.gz", ArchiveKind.TAR_GZ, "tensorflow-2.1.0"),
        ("gcc.tar.bz2", ArchiveKind.TAR_BZ2, "gcc"),
        ("gcc.tar.xz", ArchiveKind.TAR_XZ, "gcc"),
        ("5.4.0.zip", ArchiveKind.ZIP, "5.4.0"),
    ],
)
def test_the_name_says_how_it_is_packed(name: str, kind: ArchiveKind, stem: str) -> None:
    pin = Pin(name, (URL,), Algorithm.SHA256, SHA256)
    assert (pin.kind, pin.stem) == (kind, stem)


@pytest.mark.parametrize(
    ("checksum", "message"),
    [
        (None, "a.zip has no pin, and nothing is fetched without one." + HINT),
        ("", "a.zip has no pin, and nothing is fetched without one." + HINT),
        (SHA256, f"The pin of a.zip is malformed: '{SHA256}' does not begin with sha256: or md5:." + HINT),
        ("sha1:00", "The pin of a.zip is malformed: 'sha1:00' does not begin with sha256: or md5:." + HINT),
        (
            "sha256:00",
            "The pin of a.zip is malformed: '00' is not 64 hexadecimal digits in lower case, "
            "as sha256 has them." + HINT,
        ),
        (
            "md5:" + "g" * 32,
            f"The pin of a.zip is malformed: '{'g' * 32}' is not 32 hexadecimal digits in lower case, "
            "as md5 has them." + HINT,
        ),
    ],
)
def test_a_missing_or_malformed_pin_is_an_error(checksum: str | None, message: str) -> None:
    with pytest.raises(SourceError) as raised:
        read_pin("a.zip", [URL], checksum)
    assert str(raised.value) == message
    assert raised.value.exit_code is ExitCode.ENVIRONMENT


@pytest.mark.parametrize("name", ["../a.zip", "/a.zip", "a/b.zip", "", ".zip", "a\0.zip", "a" * 151 + ".zip"])
def test_a_name_that_could_leave_the_cache_is_an_error(name: str) -> None:
    with pytest.raises(SourceError) as raised:
        read_pin(name, [URL], f"sha256:{SHA256}")
    assert str(raised.value) == (
        f"{name!r} is not a name for an archive.\n"
        "  Use up to 150 letters, digits and . _ + - and begin with a letter or a digit."
    )


def test_an_archive_that_cannot_be_unpacked_is_an_error() -> None:
    with pytest.raises(SourceError) as raised:
        read_pin("a.rar", [URL], f"sha256:{SHA256}")
    assert str(raised.value) == (
        "'a.rar' is not a name for an archive that can be unpacked.\n"
        "  It must end with one of: .tar.gz, .tar.bz2, .tar.xz, .zip."
    )


@pytest.mark.parametrize("size_bytes", [0, -1])
def test_a_size_that_is_none_is_an_error(size_bytes: int) -> None:
    with pytest.raises(SourceError) as raised:
        read_pin("a.zip", [URL], f"sha256:{SHA256}", size_bytes)
    assert str(raised.value) == (
        f"The pin of a.zip is malformed: {size_bytes} is not a size in bytes.\n"
        "  Leave the size out where it is not known."
    )


def test_an_address_that_is_not_allowed_is_an_error() -> None:
    with pytest.raises(SourceError, match="without encryption"):
        read_pin("a.zip", [URL, "http://example.org/a.zip"], f"sha256:{SHA256}")


@given(st.text(max_size=200))
def test_any_name_that_is_accepted_is_one_plain_file_name(name: str) -> None:
    try:
        pin = read_pin(f"{name}.zip", [], f"sha256:{SHA256}")
    except SourceError:
        return
    assert Path("/cache", pin.name).parent == Path("/cache")
    assert pin.name.isascii()
    assert pin.name.isprintable()


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_digest_is_that_of_the_pinned_algorithm(tmp_path: Path, algorithm: Algorithm) -> None:
    (tmp_path / "file").write_bytes(b"contents")
    expected = hashlib.new(algorithm, b"contents").hexdigest()
    with (tmp_path / "file").open("rb") as file:
        assert Pin("a.zip", (), algorithm, expected).digest_of(file) == expected
