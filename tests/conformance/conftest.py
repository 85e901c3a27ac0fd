"""Both implementations, started once for all tests. Without QEMU the tests fail: they never skip."""

from collections.abc import Iterator

import pytest

from conformance.running import Bench, bench


@pytest.fixture(scope="session")
def both() -> Iterator[Bench]:
    with bench() as started:
        yield started
