"""Damaged archives, bombs, and members of kinds that nobody wants."""

import gzip
import io
import struct
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcumatrix.sources.members import MemberKind, members
from mcumatrix.sources.pin import ArchiveKind
from mcumatrix.sources.safety import ExtractLimits, Meter, UnsafeError
from sources.packing import entry, tar, zip_of

KINDS = {"gz": ArchiveKind.TAR_GZ, "bz2": ArchiveKind.TAR_BZ2, "xz": ArchiveKind.TAR_XZ}
ENTRIES = [
    entry("top", type=tarfile.DIRTYPE),
    entry("top/file", b"contents" * 1000),
    entry("top/program", b"run", mode=0o755),
    entry("top/link", type=tarfile.SYMTYPE, linkname="file"),
    entry("top/same", type=tarfile.LNKTYPE, linkname="top/file"),
]
Told = list[tuple[str, MemberKind, bool, str, bytes]]


def _told(contents: bytes, kind: ArchiveKind, limits: ExtractLimits | None = None) -> Told:
    meter = Meter(limits or ExtractLimits(), len(contents))
    path = Path("/nowhere")
    return [
        (member.name, member.kind, member.executable, member.target, b"".join(member.chunks()))
        for member in members(io.BytesIO(contents), kind, meter, path)
    ]


def _reason(
    contents: bytes, kind: ArchiveKind = ArchiveKind.TAR_GZ, limits: ExtractLimits | None = None
) -> str:
    with pytest.raises(UnsafeError) as raised:
        _told(contents, kind, limits)
    return str(raised.value)


TOLD = [
    ("top", MemberKind.FOLDER, False, "", b""),
    ("top/file", MemberKind.FILE, False, "", b"contents" * 1000),
    ("top/program", MemberKind.FILE, True, "", b"run"),
    ("top/link", MemberKind.SYMLINK, False, "file", b""),
    ("top/same", MemberKind.HARD_LINK, False, "top/file", b""),
]


@pytest.mark.parametrize("kind", KINDS)
def test_the_members_of_a_tar_archive_are_told(kind: str) -> None:
    assert _told(tar(ENTRIES, kind), KINDS[kind]) == TOLD


def test_the_members_of_a_zip_archive_are_told() -> None:
    archive = zip_of(
        [
            ("top/", b"", 0o040755),
            ("top/file", b"contents" * 1000, 0o100644),
            ("top/program", b"run", 0o100755),
            ("top/link", b"file", 0o120777),
            ("top/plain", b"no mode", 0),
        ]
    )
    plain = ("top/plain", MemberKind.FILE, False, "", b"no mode")
    folder = ("top/", MemberKind.FOLDER, False, "", b"")
    assert _told(archive, ArchiveKind.ZIP) == [folder, *TOLD[1:4], plain]


@pytest.mark.parametrize(
    "kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE], ids=["character", "block", "pipe"]
)
def test_a_device_or_a_pipe_is_refused(kind: bytes) -> None:
    archive = tar([entry("top/null", type=kind, devmajor=1, devminor=3)])
    assert _reason(archive) == "'top/null' is neither a file nor a folder nor a link"


@pytest.mark.parametrize("mode", [0o020666, 0o060666, 0o010666, 0o140666, 0o040755])
def test_a_device_or_a_pipe_in_a_zip_archive_is_refused(mode: int) -> None:
    archive = zip_of([("null", b"", mode)])
    assert _reason(archive, ArchiveKind.ZIP) == "'null' is neither a file nor a folder nor a link"


def test_a_file_with_holes_is_refused() -> None:
    holes = entry("top/holes", pax_headers={"GNU.sparse.map": "0,1", "GNU.sparse.size": "9000000000000"})
    assert _reason(tar([holes])) == "'top/holes' is neither a file nor a folder nor a link"


def test_an_encrypted_member_is_refused() -> None:
    archive = bytearray(zip_of([("file", b"contents", 0o100644)]))
    archive[archive.index(b"PK\1\2") + 8] |= 1
    assert _reason(bytes(archive), ArchiveKind.ZIP) == "'file' is encrypted"


def test_a_name_with_a_nul_in_a_zip_archive_is_not_cut_there() -> None:
    archive = zip_of([("file_.txt", b"", 0o100644)]).replace(b"file_.txt", b"file\0.txt")
    (told,) = members(io.BytesIO(archive), ArchiveKind.ZIP, Meter(ExtractLimits(), 1), Path("/nowhere"))
    assert told.name == "file\0.txt"


def test_a_link_with_a_very_long_target_in_a_zip_archive_is_refused() -> None:
    archive = zip_of([("link", b"x" * 4097, 0o120777)])
    assert _reason(archive, ArchiveKind.ZIP) == "the link 'link' leads to a name that is too long"


@pytest.mark.parametrize("kind", KINDS)
def test_a_bomb_of_zeros_is_stopped_by_its_ratio(kind: str) -> None:
    archive = tar([entry("top/zeros", bytes(18 * 1024**2))], kind)
    assert _reason(archive, KINDS[kind]) == "it unpacks to more than 100 times its own size"


def test_a_bomb_in_a_zip_archive_is_stopped_by_its_ratio() -> None:
    archive = zip_of([("zeros", bytes(18 * 1024**2), 0o100644)])
    assert _reason(archive, ArchiveKind.ZIP) == "it unpacks to more than 100 times its own size"


def test_members_of_a_zip_archive_that_share_their_bytes_are_all_counted() -> None:
    archive = zip_of([(f"file{index}", b"x" * 1000, 0o100644) for index in range(10)])
    limits = ExtractLimits(size_bytes=9_999)
    assert _reason(archive, ArchiveKind.ZIP, limits) == "it unpacks to more than 9999 bytes"


def test_a_header_that_is_a_bomb_takes_no_memory() -> None:
    header = tarfile.TarInfo("bomb")
    header.type = tarfile.GNUTYPE_LONGNAME
    header.size = 64 * 1024**2
    archive = gzip.compress(header.tobuf() + bytes(header.size), 1)
    tracemalloc.start()
    reason = _reason(archive, limits=ExtractLimits(ratio=1000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reason == "it has a header of more than 1048576 bytes"
    assert peak < 8 * 1024**2


def test_a_header_that_points_back_ends_the_work() -> None:
    header = bytearray(tarfile.TarInfo("back").tobuf())
    header[124:136] = b"\xff" * 10 + struct.pack(">h", -1024)  # a negative size in base 256
    header[148:156] = b" " * 8
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    assert _reason(gzip.compress(bytes(header) + bytes(2048))).startswith("it is damaged: ")


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_that_ends_too_early_is_damaged_wherever_it_ends(kind: str) -> None:
    archive = tar(ENTRIES, kind)
    for length in range(0, len(archive), 7):
        assert _reason(archive[:length], KINDS[kind]).startswith("it is damaged: ")


def test_a_tar_archive_without_its_end_is_damaged() -> None:
    plain = gzip.decompress(tar(ENTRIES))
    last = plain.rindex(b"top/same")
    assert _reason(gzip.compress(plain[: last + 512])) == "it is damaged: it ends too early"
    spoiled = plain[:last] + b"X" + plain[last + 1 :]  # its checksum is wrong now
    assert _reason(gzip.compress(spoiled)) == "it is damaged: it ends too early"


def test_what_is_no_archive_is_damaged() -> None:
    assert _reason(b"<html>") == "it is damaged: Not a gzipped file (b'<h')"
    assert _reason(b"<html>", ArchiveKind.ZIP) == "it is damaged: File is not a zip file"


def test_a_zip_archive_with_wrong_bytes_is_damaged() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("file", b"contents")
    spoiled = buffer.getvalue().replace(b"contents", b"contentz")
    assert _reason(spoiled, ArchiveKind.ZIP) == "it is damaged: Bad CRC-32 for file 'file'"


@given(st.integers(0, 10_000), st.integers(1, 255), st.sampled_from(["gz", "zip"]))
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_flipped_byte_gives_members_or_a_reason(place: int, flip: int, kind: str) -> None:
    good = GOOD[kind]
    spoiled = bytearray(good)
    spoiled[place % len(good)] ^= flip
    try:
        _told(bytes(spoiled), ArchiveKind.ZIP if kind == "zip" else ArchiveKind.TAR_GZ)
    except UnsafeError as error:
        assert str(error)


GOOD = {
    "gz": tar(ENTRIES),
    "zip": zip_of([("top/file", b"contents" * 99, 0o100644), ("top/link", b"file", 0o120777)]),
}
