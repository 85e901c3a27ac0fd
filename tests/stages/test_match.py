"""Boards of the catalogue and what is attached: usable, or the reason why not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcumatrix.model.attached import Attached, AttachedPlace, AttachedPort, AttachedProbe, RunningVirtualBoard
from mcumatrix.model.catalogue import Board, BoardKind, Unit
from mcumatrix.stages.match import Match, device_paths, match, port_of

STLINK = AttachedProbe("066BFF30", "STM32 STLink")
OTHER = AttachedProbe("001050076605", "Segger J-Link")
LOCKED_OUT = AttachedProbe("", "", "Access denied; a udev rule helps")
PORT = AttachedPort("/dev/ttyUSB0", "/dev/serial/by-id/usb-FTDI", "FT232R", ("/dev/lab1",))
VIRTUAL_PROBE = RunningVirtualBoard("VB00", "bench", "/dev/pts/3", 4711)


def lab(*units: Unit) -> Board:
    return Board("lab", BoardKind.REAL, "stm32f746g_disco", "stm32f746xg", units)


def only(unit: Unit, attached: Attached) -> Match:
    (found,) = match([lab(unit)], attached)
    assert (found.board.name, found.unit) == ("lab", unit)
    return found


def test_a_unit_with_its_probe_and_its_port_is_usable() -> None:
    found = only(Unit("066BFF30", "/dev/ttyUSB0"), Attached((OTHER, STLINK), (PORT,)))
    assert found.is_usable
    assert found.probe == "066BFF30"


def test_a_probe_is_the_same_in_upper_and_lower_case() -> None:
    assert only(Unit("066bff30", "loop://"), Attached((STLINK,))).probe == "066BFF30"


def test_a_kind_before_the_unique_id_and_a_part_of_it_will_do_as_they_do_for_pyocd() -> None:
    attached = Attached((STLINK, AttachedProbe("066BFF31", "STM32 STLink")))
    for name in ("stlink:066BFF30", "bff30", "stlink:F30"):
        assert only(Unit(name, "loop://"), attached).probe == "066BFF30"
    assert only(Unit("066B", "loop://"), attached).reasons == (
        "its probe 066B is not attached; attached: 066BFF30, 066BFF31",
    )


def test_a_port_goes_by_all_its_names() -> None:
    for name in ("/dev/ttyUSB0", "/dev/serial/by-id/usb-FTDI", "/dev/lab1"):
        unit = Unit("", name)
        assert port_of(unit, Attached((STLINK,), (PORT,))) == PORT
        assert only(unit, Attached((STLINK,), (PORT,))).is_usable


def test_a_unit_that_names_no_probe_takes_the_only_one() -> None:
    found = only(Unit("", "loop://"), Attached((STLINK,), virtual_boards=(VIRTUAL_PROBE,)))
    assert (found.probe, found.reasons) == ("066BFF30", ())


def test_a_unit_that_names_no_probe_cannot_choose_among_two() -> None:
    found = only(Unit("", "loop://"), Attached((STLINK, OTHER)))
    assert (found.probe, found.is_usable) == ("", False)
    assert found.reasons == (
        "2 debug probes are attached and its file names none: "
        "add `probe:` with one of 066BFF30, 001050076605",
    )


def test_a_virtual_board_does_not_offer_itself_to_a_real_one_and_can_be_named() -> None:
    attached = Attached(virtual_boards=(VIRTUAL_PROBE,))
    assert only(Unit("", "loop://"), attached).reasons == ("no debug probe is attached",)
    assert only(Unit("vb00", "loop://"), attached).probe == "VB00"


def test_a_probe_that_is_not_attached_is_said_with_those_that_are() -> None:
    assert only(Unit("066C", "loop://"), Attached((STLINK, OTHER))).reasons == (
        "its probe 066C is not attached; attached: 066BFF30, 001050076605",
    )
    assert only(Unit("066C", "loop://"), Attached()).reasons == (
        "its probe 066C is not attached; attached: none",
    )


def test_a_probe_that_cannot_be_opened_may_be_the_one_that_is_missing() -> None:
    for unit, first in (
        (Unit("", "loop://"), "no debug probe is attached"),
        (Unit("066C", "loop://"), "its probe 066C is not attached; attached: none"),
    ):
        assert only(unit, Attached((LOCKED_OUT,))).reasons == (first, "Access denied; a udev rule helps")
    assert only(Unit("", "loop://"), Attached((STLINK, LOCKED_OUT))).is_usable


def test_the_problem_of_its_probe_is_the_reason() -> None:
    broken = AttachedProbe("066BFF30", "STM32 STLink", "its firmware is too old")
    for probe in ("066BFF30", ""):
        assert only(Unit(probe, "loop://"), Attached((broken,))).reasons == (
            "its probe 066BFF30 has a problem: its firmware is too old",
        )


def test_a_port_that_is_not_there_is_said_with_those_that_are() -> None:
    unit = Unit("066BFF30", "/dev/ttyACM0")
    assert only(unit, Attached((STLINK,), (PORT,))).reasons == (
        "its serial port /dev/ttyACM0 is not there; there: /dev/ttyUSB0",
    )
    assert only(unit, Attached((STLINK,))).reasons == (
        "its serial port /dev/ttyACM0 is not there; there: none",
    )


def test_a_port_that_this_user_may_not_open_is_said_so() -> None:
    port = AttachedPort("/dev/ttyUSB0", problem="this user may not open it; its group is dialout")
    assert only(Unit("", "/dev/ttyUSB0"), Attached((STLINK,), (port,))).reasons == (
        "its serial port /dev/ttyUSB0 has a problem: this user may not open it; its group is dialout",
    )


def test_everything_that_speaks_against_a_unit_is_said() -> None:
    assert only(Unit("", "/dev/ttyACM0"), Attached()).reasons == (
        "no debug probe is attached",
        "its serial port /dev/ttyACM0 is not there; there: none",
    )


def test_what_is_behind_a_network_is_not_looked_for() -> None:
    assert only(Unit("remote:lab1:5555", "rfc2217://lab1:4000"), Attached()).is_usable


def test_every_unit_of_a_board_is_matched_by_itself() -> None:
    units = (Unit("066BFF30", "loop://"), Unit("066C", "loop://"))
    assert [found.is_usable for found in match([lab(*units)], Attached((STLINK,)))] == [True, False]


def test_a_virtual_board_is_usable_and_one_match() -> None:
    virtual = Board("virtual", BoardKind.VIRTUAL, "stm32f746g_disco", units=(Unit(), Unit()))
    assert match([virtual], Attached()) == (Match(virtual, Unit()),)


def test_only_paths_of_devices_are_looked_at() -> None:
    units = (Unit("a", "/dev/lab1"), Unit("b", "rfc2217://lab1:4000"), Unit())
    assert device_paths([lab(*units)]) == ("/dev/lab1",)


_UIDS = st.sampled_from(["", "066BFF30", "066bff30", "066C", "066D", "remote:lab1:5555"])
_PORTS = st.sampled_from(
    ["/dev/ttyUSB0", "/dev/serial/by-id/usb-FTDI", "/dev/lab1", "/dev/ttyACM0", "loop://"]
)


@given(
    st.builds(Unit, _UIDS, _PORTS),
    st.lists(st.sampled_from([STLINK, OTHER, LOCKED_OUT, AttachedProbe("066C", "", "broken")]), max_size=3),
    st.lists(st.sampled_from([PORT, AttachedPort("/dev/ttyACM0", problem="closed")]), max_size=2),
)
def test_a_unit_is_usable_only_with_a_probe_and_without_a_reason(
    unit: Unit, probes: list[AttachedProbe], ports: list[AttachedPort]
) -> None:
    found = only(unit, Attached(tuple(probes), tuple(ports)))
    assert found.is_usable == (not found.reasons)
    assert not found.is_usable or found.probe
    assert all(found.reasons)


PLACED = Board(
    "lab", BoardKind.REAL, "stm32f746g_disco", "stm32f746xg", (Unit(place="disco-1"),), coordinator="lab1"
)


@pytest.mark.parametrize(
    ("places", "probe", "reasons"),
    [
        ((AttachedPlace("lab1", "disco-1", "lab1/anna", "remote:lab1:5555"),), "remote:lab1:5555", ()),
        ((AttachedPlace("lab1", "disco-1", problem="it is away"),), "", ("it is away",)),
        ((AttachedPlace("lab2", "disco-1"),), "", ("its coordinator lab1 was not asked",)),
    ],
)
def test_a_place_of_labgrid_is_usable_where_its_coordinator_says_so(
    places: tuple[AttachedPlace, ...], probe: str, reasons: tuple[str, ...]
) -> None:
    (found,) = match([PLACED], Attached(places=places))
    assert (found.probe, found.reasons) == (probe, reasons)
