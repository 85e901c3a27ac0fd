"""`doctor` says what is missing and what to do next."""

import json
from pathlib import Path

import pytest

from mcumatrix.commands import doctor as module
from mcumatrix.commands.doctor import (
    Check,
    State,
    clock,
    doctor,
    engine,
    exit_code,
    hardware,
    packages,
    places,
)
from mcumatrix.errors import ExitCode, ToolError
from mcumatrix.model.attached import Attached, AttachedPlace, AttachedPort, AttachedProbe
from mcumatrix.model.engine_room import EngineRoom
from mcumatrix.project import Project

NONE = Attached()
DISCOVERY = Attached((AttachedProbe("066B", "STM32 STLink"),), (AttachedPort("/dev/ttyUSB0"),))


def test_this_machine_can_build_and_says_so_to_programs_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    assert doctor(Project(tmp_path), "doctor.json", said.append) is ExitCode.OK
    assert said[-1] == "doctor.json"
    checks = {one["what"]: one for one in json.loads((tmp_path / "doctor.json").read_text())["checks"]}
    for what in (
        "mcumatrix",
        "Python",
        "packages",
        "compiler on PATH",
        "virtual boards",
        "disk",
        "clock",
        "cache",
    ):
        assert checks[what]["state"] == "ok", checks[what]
    assert "pyocd 0.46" in checks["packages"]["found"]


def test_without_compiler_and_engine_nothing_can_be_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(wanted: str, *_: object) -> None:
        raise ToolError(f"there is no {wanted}", hint="Install it.")

    monkeypatch.setattr(module.registry.builders, "builders", nothing)
    said: list[str] = []
    assert doctor(Project(tmp_path), "", said.append) is ExitCode.ENVIRONMENT
    assert "compiler on PATH: Install it." in said
    assert "Docker engine: Install it." in said


def test_an_engine_says_what_it_has_and_is_noted_where_that_is_little() -> None:
    assert engine(EngineRoom("29.1", 2, 8_000_000_000, 60_200_000_000)) == Check(
        "Docker engine", State.OK, "29.1, 2 processors, 8.0 GB of memory, 60.2 GB free"
    )
    assert engine(EngineRoom("29.1", 1, 500_000_000, None)) == Check(
        "Docker engine",
        State.NOTE,
        "29.1, 1 processors, 0.5 GB of memory, a disk not seen from here",
        "Compilers may run out of memory: give the engine more.",
    )
    assert engine(EngineRoom("29.1", 1, 8_000_000_000, 1_000_000)).to_do == (
        "Compilers may run out of disk: give the engine more."
    )


def test_hooks_that_are_not_compiled_are_missing_with_what_compiles_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = "The hooks of the virtual board have not been compiled.\n  Run `python -m vstm32.native`."
    monkeypatch.setattr(module.registry.boards, "hooks_missing", lambda: missing)
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    assert doctor(Project(tmp_path), "", said.append) is ExitCode.ENVIRONMENT
    assert "virtual boards: Run `python -m vstm32.native`." in said


def test_a_package_that_is_missing_is_named_with_how_to_install_it() -> None:
    first, _ = packages(
        [
            "pyserial>=3.5",
            "no-such-package==1.*",
            "pillow>=10; extra == 'images'",
            "tomli>=2; python_version < '3'",
        ]
    )
    assert first == Check("packages", State.MISSING, "without no-such-package", "pip install no-such-package")
    assert exit_code((first,)) is ExitCode.ENVIRONMENT


def test_real_boards_need_probe_port_rule_and_group_and_virtual_ones_none(tmp_path: Path) -> None:
    found = {check.what: check for check in hardware(NONE, tmp_path, 1000, [])}
    assert list(found) == ["debug probes", "serial ports", "udev rules", "group dialout"]
    assert all(check.state is State.NOTE for check in found.values())
    assert exit_code(tuple(found.values())) is ExitCode.OK
    assert "docs/boards.md" in found["debug probes"].to_do
    rules = tmp_path / "etc" / "udev" / "rules.d"
    rules.mkdir(parents=True)
    (rules / "49-stlink.rules").write_text('ATTRS{idVendor}=="0483", MODE="0666"')
    found = {check.what: check for check in hardware(DISCOVERY, tmp_path, 1000, list(range(1000)))}
    assert [check.state for check in found.values()] == [State.OK] * 4
    assert found["debug probes"].found == "STM32 STLink"
    # Nothing is closed to root.
    assert [check.what for check in hardware(DISCOVERY, tmp_path, 0, [])] == ["debug probes", "serial ports"]


def test_a_clock_before_the_installation_is_wrong() -> None:
    assert clock(1_800_000_000, 1_700_000_000).state is State.OK
    assert clock(0, 1_700_000_000).state is State.NOTE


def test_places_of_labgrid_are_said_with_who_has_them_or_what_is_wrong() -> None:
    attached = Attached(
        places=(
            AttachedPlace("lab1", "a"),
            AttachedPlace("lab1", "b", "lab2/anna"),
            AttachedPlace("lab1", "c", problem="it is away"),
        )
    )
    assert tuple(places(attached)) == (
        Check("place a", State.OK, "nobody has it, at lab1"),
        Check("place b", State.OK, "lab2/anna has it, at lab1"),
        Check(
            "place c",
            State.NOTE,
            "it is away",
            "For boards of labgrid: docs/labgrid.md says what belongs to a place.",
        ),
    )


def test_a_rule_of_udev_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    rules = tmp_path / "etc/udev/rules.d"
    rules.mkdir(parents=True)
    (rules / "10-gone.rules").symlink_to(tmp_path / "gone")
    assert "udev rules" in {check.what for check in hardware(NONE, tmp_path, 1000, [])}
    (rules / "49-stlink.rules").write_text('ATTR{idVendor}=="0483"\n')
    assert Check("udev rules", State.OK, "for ST-LINK probes") in hardware(NONE, tmp_path, 1000, [])


def test_a_board_whose_flasher_is_not_there_leaves_nothing_else_unsaid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "matrix/boards").mkdir(parents=True)
    (tmp_path / "matrix/boards/odd.yaml").write_text(
        "kind: real\nfirmware_board: x\ntarget: y\nserial_port: /dev/ttyS0\nflasher: nowhere\n"
    )
    said: list[str] = []
    assert doctor(Project(tmp_path), "", said.append) is ExitCode.OK
    assert "debug probes" in said[0]
