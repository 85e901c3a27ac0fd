"""From a unique id, or none, to a probe. Drivers of pyOCD are replaced, so that hardware can be attached."""

from typing import Any

import pytest

from mcumatrix.adapters.flashers.pyocd.finding import find_probe
from mcumatrix.errors import FlashError, FlashFault


class FakeProbe:
    """As much of a probe as is looked at."""

    def __init__(self, unique_id: str) -> None:
        self.unique_id = unique_id


@pytest.fixture
def attach(monkeypatch: pytest.MonkeyPatch):
    """attach(stlink=[...], vboard=[...]) makes these, and no others, the probes of this machine."""
    from pyocd.probe import aggregator

    def attached(**kinds: list[str]) -> None:
        def driver(ids: list[str]) -> Any:
            class Driver:
                @classmethod
                def get_all_connected_probes(cls, *_: Any) -> list[FakeProbe]:
                    return [FakeProbe(each) for each in ids]

                @classmethod
                def get_probe_with_id(cls, unique_id: str, *_: Any) -> FakeProbe | None:
                    return next((FakeProbe(each) for each in ids if each == unique_id), None)

            return Driver

        classes = {name: driver(ids) for name, ids in kinds.items()}
        monkeypatch.setattr(aggregator, "PROBE_CLASSES", classes)

    return attached


def test_the_only_probe_is_meant_where_a_file_names_none(attach) -> None:
    attach(stlink=["066BFF"], cmsisdap=[])
    assert find_probe("").unique_id == "066BFF"


def test_a_virtual_board_is_never_meant_by_whatever_is_attached(attach) -> None:
    attach(stlink=["066BFF"], vboard=["VB01"])
    assert find_probe("").unique_id == "066BFF"
    attach(stlink=[], vboard=["VB01"])
    with pytest.raises(FlashError) as error:
        find_probe("")
    assert (error.value.message, error.value.fault) == ("no debug probe is attached", FlashFault.NO_PROBE)


def test_a_probe_is_found_by_its_id_and_by_a_part_of_it(attach) -> None:
    attach(stlink=["066BFF30", "066DFF53"])
    assert find_probe("066DFF53").unique_id == "066DFF53"
    assert find_probe("066dff").unique_id == "066DFF53"


def test_several_probes_and_no_name_are_refused_with_their_ids(attach) -> None:
    attach(stlink=["066BFF", "066DFF"])
    with pytest.raises(FlashError) as error:
        find_probe("")
    assert str(error.value) == (
        "2 debug probes are attached, and the board's file names none: 066BFF, 066DFF\n"
        "  Add `probe:` with the unique id of the right one."
    )
    assert error.value.fault is FlashFault.WRONG_PROBE


def test_another_probe_than_the_named_one_is_the_wrong_one(attach) -> None:
    attach(stlink=["066BFF"])
    with pytest.raises(FlashError) as error:
        find_probe("077777")
    assert error.value.message == "the probe 077777 is not attached; attached: 066BFF"
    assert error.value.fault is FlashFault.WRONG_PROBE


def test_an_unknown_kind_of_probe_is_said(attach) -> None:
    attach(stlink=["066BFF"])
    with pytest.raises(FlashError) as error:
        find_probe("stlnk:066BFF")
    assert error.value.message == "debug probes cannot be looked for: unknown debug probe type 'stlnk'"
