"""The part of an archive that has arrived."""

import hashlib
from pathlib import Path

import pytest

from mcumatrix.sources.partial import Partial
from mcumatrix.sources.pin import Algorithm

URL = "https://example.org/a"


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_part_goes_on_where_another_process_left_it(tmp_path: Path, algorithm: Algorithm) -> None:
    with Partial(tmp_path / "a.part", algorithm) as part:
        part.restart(URL, '"1"')
        part.append(b"first")
    with Partial(tmp_path / "a.part", algorithm) as part:
        assert (part.size_bytes, part.validator_for(URL)) == (5, '"1"')
        part.append(b" second")
        assert part.digest == hashlib.new(algorithm, b"first second").hexdigest()
        assert part.head() == b"first second"
        part.append(b" third")
        part.finish(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"first second third"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_part_is_known_to_be_from_its_own_url_only(tmp_path: Path) -> None:
    with Partial(tmp_path / "a.part", Algorithm.SHA256) as part:
        part.restart(URL, '"1"')
        assert part.validator_for("https://example.org/b") == ""


def test_nothing_is_left_of_a_part_that_is_empty(tmp_path: Path) -> None:
    with Partial(tmp_path / "a.part", Algorithm.SHA256) as part:
        part.restart(URL, '"1"')
        part.append(b"something")
        part.restart()
    assert list(tmp_path.iterdir()) == []
