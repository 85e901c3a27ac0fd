"""Which debug probes are attached, as pyOCD sees it: one that cannot be read hides no other."""

import logging
from typing import Any

import pytest
from pyocd.probe import aggregator
from pyocd.probe.debug_probe import DebugProbe

from mcumatrix.adapters.flashers.pyocd.probes import attached_probes
from mcumatrix.model.attached import AttachedProbe


class Probe(DebugProbe):  # type: ignore[misc]
    """A probe with a unique id, or one that fails when it is asked for it."""

    def __init__(self, uid: str | Exception) -> None:
        super().__init__()
        self._uid = uid

    @property
    def unique_id(self) -> str:
        if isinstance(self._uid, Exception):
            raise self._uid
        return self._uid

    @property
    def description(self) -> str:
        return "STM32 STLink"


def kind(*uids: str | Exception, warning: str = "", failure: Exception | None = None) -> type[DebugProbe]:
    """A driver of pyOCD that finds these probes, complains or fails."""

    class Driver(Probe):
        @classmethod
        def get_all_connected_probes(cls, *_: Any) -> list[DebugProbe]:
            if warning:
                logging.getLogger("pyocd.probe.stlink.usb").warning("%s while looking", warning)
            if failure:
                raise failure
            return [cls(uid) for uid in uids]

    return Driver


@pytest.fixture
def classes(monkeypatch: pytest.MonkeyPatch) -> dict[str, type[DebugProbe]]:
    """The drivers that pyOCD has, none at first."""
    drivers: dict[str, type[DebugProbe]] = {}
    monkeypatch.setattr(aggregator, "PROBE_CLASSES", drivers)
    return drivers


def test_pyocds_own_drivers_can_be_asked() -> None:
    assert {"cmsisdap", "stlink"} <= set(aggregator.PROBE_CLASSES)
    assert isinstance(attached_probes(), tuple)


def test_every_probe_has_its_unique_id_and_its_name(classes: dict[str, type[DebugProbe]]) -> None:
    classes |= {"stlink": kind("066B", "066C"), "cmsisdap": kind()}
    assert attached_probes() == (AttachedProbe("066B", "STM32 STLink"), AttachedProbe("066C", "STM32 STLink"))


def test_a_driver_that_fails_hides_no_other(classes: dict[str, type[DebugProbe]]) -> None:
    classes |= {"jlink": kind(failure=OSError("the library is broken")), "stlink": kind("066B")}
    assert attached_probes() == (
        AttachedProbe("", "jlink", "OSError: the library is broken"),
        AttachedProbe("066B", "STM32 STLink"),
    )


def test_a_probe_that_cannot_be_read_hides_no_other(classes: dict[str, type[DebugProbe]]) -> None:
    classes["stlink"] = kind(ValueError("The device has no langid"), "066B")
    assert attached_probes() == (
        AttachedProbe("", "stlink", "ValueError: The device has no langid"),
        AttachedProbe("066B", "STM32 STLink"),
    )


def test_what_pyocd_only_warns_of_is_a_problem_once(
    classes: dict[str, type[DebugProbe]], capfd: pytest.CaptureFixture[str]
) -> None:
    classes |= {"stlink": kind(warning="Access denied"), "cmsisdap": kind(warning="Access denied")}
    assert attached_probes() == (AttachedProbe("", "", "Access denied while looking"),)
    assert capfd.readouterr() == ("", "")
    assert not any(type(one).__name__ == "_Warnings" for one in logging.getLogger("pyocd").handlers)
