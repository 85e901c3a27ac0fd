"""Where things are kept."""

from pathlib import Path

import pytest

from mcumatrix.errors import SourceError
from mcumatrix.sources.cache import Cache, cache_from, locked, mirror_url, mirrors_from
from mcumatrix.sources.progress import QUIET
from sources.packing import pin_of

HOME = Path("/home/me")


def test_an_archive_is_found_by_its_digest_and_has_its_own_name() -> None:
    pin = pin_of(b"contents")
    assert Cache(Path("/c")).archive(pin) == Path(f"/c/archives/sha256/{pin.digest}/thing-1.0.tar.gz")


@pytest.mark.parametrize(
    ("environment", "root"),
    [
        ({}, "/home/me/.cache/mcumatrix"),
        ({"XDG_CACHE_HOME": "/x"}, "/x/mcumatrix"),
        ({"XDG_CACHE_HOME": "relative"}, "/home/me/.cache/mcumatrix"),
        ({"XDG_CACHE_HOME": "/x", "MCUMATRIX_CACHE": "/m"}, "/m"),
        ({"MCUMATRIX_CACHE": ""}, "/home/me/.cache/mcumatrix"),
    ],
)
def test_the_environment_says_where_the_cache_is(environment: dict[str, str], root: str) -> None:
    assert cache_from(environment, HOME) == Cache(Path(root))


def test_a_cache_that_depends_on_the_current_folder_is_refused() -> None:
    with pytest.raises(SourceError) as raised:
        cache_from({"MCUMATRIX_CACHE": "cache"}, HOME)
    assert str(raised.value) == (
        "MCUMATRIX_CACHE is 'cache', which is not an absolute path.\n  Give it a path that begins with /."
    )


def test_the_environment_names_mirrors() -> None:
    assert mirrors_from({}) == ()
    assert mirrors_from({"MCUMATRIX_MIRRORS": " https://a.org/x  /mnt/archives "}) == (
        "https://a.org/x",
        "/mnt/archives",
    )


def test_a_mirror_without_encryption_is_refused() -> None:
    with pytest.raises(SourceError, match=r"'http://a\.org' would come over the network without encryption"):
        mirrors_from({"MCUMATRIX_MIRRORS": "http://a.org"})


def test_a_mirror_is_laid_out_like_the_cache() -> None:
    pin = pin_of(b"contents")
    assert mirror_url("/c/archives/", pin) == str(Cache(Path("/c")).archive(pin))


def test_a_cache_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with (
        pytest.raises(SourceError) as raised,
        locked(tmp_path / "file" / "folder" / ".lock", "a.zip", QUIET),
    ):
        pass
    assert str(raised.value) == (
        f"{tmp_path}/file cannot be used as a cache, because the system says: File exists.\n"
        "  Mend that, and run again. MCUMATRIX_CACHE can name another folder."
    )
