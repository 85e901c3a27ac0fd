"""From a pin to a folder of sources."""

from pathlib import Path

import pytest

from mcumatrix.errors import SourceError
from mcumatrix.sources.cache import Cache
from mcumatrix.sources.obtain import obtain
from mcumatrix.sources.safety import ExtractLimits
from mcumatrix.sources.selection import Selection
from mcumatrix.sources.transport import TransferLimits
from sources.loopback import Site, data
from sources.packing import entry, pin_of, tar

ARCHIVE = tar([entry("t/a/x", b"1"), entry("t/b/y", b"2")])
OFFLINE = TransferLimits(offline=True)


def test_sources_are_fetched_and_unpacked_once(site: Site, cache: Cache) -> None:
    pin = pin_of(ARCHIVE, site.put("/a", data(ARCHIVE)))
    tree = obtain(pin, cache)
    assert (tree / "a" / "x").read_bytes() == b"1"
    assert obtain(pin, cache) == tree
    assert len(site.asked) == 1


def test_sources_that_are_there_need_neither_network_nor_archive(site: Site, cache: Cache) -> None:
    pin = pin_of(ARCHIVE, site.put("/a", data(ARCHIVE)))
    tree = obtain(pin, cache)
    cache.archive(pin).unlink()
    assert obtain(pin, cache, transfer_limits=OFFLINE) == tree


def test_sources_that_were_tampered_with_are_made_again_from_the_archive(site: Site, cache: Cache) -> None:
    pin = pin_of(ARCHIVE, site.put("/a", data(ARCHIVE)))
    tree = obtain(pin, cache)
    (tree / "a" / "x").write_bytes(b"3")
    assert (obtain(pin, cache, transfer_limits=OFFLINE) / "a" / "x").read_bytes() == b"1"


def test_two_selections_of_one_archive_are_two_folders_and_one_download(site: Site, cache: Cache) -> None:
    pin = pin_of(ARCHIVE, site.put("/a", data(ARCHIVE)))
    trees = [obtain(pin, cache, selection=Selection((part,))) for part in ("a", "b")]
    assert [[path.name for path in tree.iterdir()] for tree in trees] == [["a"], ["b"]]
    assert len(site.asked) == 1


def test_mirrors_and_limits_are_heeded(cache: Cache, tmp_path: Path, site: Site) -> None:
    pin = pin_of(ARCHIVE, site.put("/a", data(ARCHIVE)))
    obtain(pin, cache)
    second = Cache(tmp_path / "second")
    with pytest.raises(SourceError, match="it has more than 1 members"):
        obtain(
            pin,
            second,
            mirrors=[cache.archives.as_uri()],
            transfer_limits=OFFLINE,
            extract_limits=ExtractLimits(members=1),
        )
