"""What tests of sources share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mcumatrix.sources.cache import Cache
from sources.loopback import Site, serving


@pytest.fixture
def site() -> Iterator[Site]:
    """A web server on this machine."""
    with serving() as site:
        yield site


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """An empty cache."""
    return Cache(tmp_path / "cache")
