"""`mcumatrix` and `doit` have the same commands with the same options, from one declaration."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points, version
from pathlib import Path

import click
import pytest

from mcumatrix.cli import doit_commands
from mcumatrix.cli.common import TYPED, as_typed
from mcumatrix.cli.declared import COMMANDS, Command, Kind, Option
from mcumatrix.cli.main import click_command, main, run_command

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def said(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    captured = capfd.readouterr()
    return int(ended.value.code or 0), captured.out, captured.err


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_has_a_function_and_is_one_of_doits(command: Command) -> None:
    assert callable(command.function())
    points = {point.name: point for point in entry_points(group="doit.COMMAND")}
    of_doit = points[command.name].load()
    assert (of_doit.name, of_doit.doc_purpose) == (command.name, command.purpose)
    assert of_doit.declared is command


def test_entry_points_are_those_of_the_declaration() -> None:
    described = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    assert list(described["doit.COMMAND"]) == [*(command.name for command in COMMANDS), "run"]


def test_help_has_the_commands_in_their_order_and_each_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(["--help"], capfd)
    assert code == 0
    places = [out.index(f"\n  {command.name} ") for command in COMMANDS]
    assert places == sorted(places)
    code, out, _ = said(["plan", "-h"], capfd)
    assert code == 0
    assert out.startswith("Usage: mcumatrix plan [OPTIONS] [MATRIX]\n\n  Show the variants of a matrix")
    assert "--select TEXT" in out


def test_help_needs_none_of_the_heavy_libraries() -> None:
    program = (
        "import sys\nfrom mcumatrix.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    print(sorted(sys.modules))\n"
    )
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    for heavy in ("doit", "pydantic", "ruamel", "jinja2", "numpy", "rich", "pyocd", "docker", "requests"):
        assert f"'{heavy}'" not in loaded.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["matrx"], "No such command 'matrx'. Did you mean 'matrix'?\n  `mcumatrix --help` has the options."),
        (
            ["plan", "--selct", "x"],
            "No such option '--selct'. (Did you mean one of: '--help', '--select'?)\n"
            "  `mcumatrix plan --help` has the options.",
        ),
        (["report", "a", "b"], "report takes one name, and has 'a b'\n  As in: report [NAME]"),
        (
            ["compare", "a"],
            "compare takes two sets of results, and 1 were given\n"
            "  As in: compare ../before/results/quickstart quickstart",
        ),
        (
            ["verify", "a.tar.gz", "--trusted-root", "root.json"],
            "--trusted-root says what signatures are checked by, and nobody is asked for whose\n"
            "  Add --signed-by FILE: its lines are an identity and its issuer.",
        ),
        (["boards", "lab"], "boards takes no names, and has 'lab'\n  As in: boards [--import MAP]"),
        (["model"], "model takes a file or a name, and 0 were given\n  As in: model my.tflite"),
        (
            ["matrix", "-n", "many"],
            "Invalid value for '--process' / '-n': 'many' is not a valid integer.\n"
            "  `mcumatrix matrix --help` has the options.",
        ),
    ],
)
def test_wrong_usage_is_exit_code_2_with_what_is_right(
    arguments: list[str], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert said(arguments, capfd) == (2, "", f"error: {message}\n")


def test_options_stand_before_or_behind_names_and_are_what_was_typed() -> None:
    found = []
    options = (
        Option("out-file", "a text"),
        Option("loud", "a flag", Kind.FLAG),
        Option("input", "several", Kind.TEXTS),
        Option("process", "a number", Kind.NUMBER, short="n"),
        Option("seed", "a number", Kind.NUMBER, default=1),
    )
    command = Command("try", "", "try it", "", "[A] [B]", options, takes=2)
    made = click_command(command)
    made.callback = lambda names, **given: found.append((names, given))
    made.main(["a=1", "--input", "x", "b", "-n", "4", "--input=y", "--loud"], standalone_mode=False)
    made.main([], standalone_mode=False)
    assert found == [
        (("a=1", "b"), {"out_file": "", "loud": True, "input": ("x", "y"), "process": 4, "seed": 1}),
        ((), {"out_file": "", "loud": False, "input": (), "process": 0, "seed": 1}),
    ]


def test_version_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    assert said(["--version"], capfd) == (0, f"mcumatrix {version('mcumatrix')}\n", "")


def test_doit_reads_the_same_command_line(capfd: pytest.CaptureFixture[str]) -> None:
    (report,) = (command for command in COMMANDS if command.name == "report")
    assert run_command(report, ["a", "b"], "doit") == 2
    assert capfd.readouterr().err.startswith("error: report takes one name, and has 'a b'\n")
    help_text = doit_commands.report(config={}).help()  # type: ignore[attr-defined]
    assert help_text.startswith("Usage: doit report [OPTIONS] [NAME]\n")
    assert "--templates TEXT" in help_text


@pytest.mark.parametrize("program", ["mcumatrix", "doit"])
def test_messages_name_commands_as_they_were_typed(program: str, capfd: pytest.CaptureFixture[str]) -> None:
    (report,) = (command for command in COMMANDS if command.name == "report")
    assert run_command(report, ["quickstart"], program) != 0
    assert f"`{program} matrix quickstart` makes them." in capfd.readouterr().err
    token = TYPED.set(program)
    assert as_typed("`doit matrix two`, `doit list` and doit model:x; Make it again: doit model m") == (
        f"`{program} matrix two`, `doit list` and doit model:x; Make it again: {program} model m"
    )
    TYPED.reset(token)


def completed(words: str, index: int) -> list[str]:
    environment = os.environ | {
        "_MCUMATRIX_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(index),
    }
    ran = subprocess.run([BIN / "mcumatrix"], env=environment, check=True, capture_output=True, text=True)
    return [line.partition(",")[2] for line in ran.stdout.splitlines()]


def test_a_shell_completes_commands_matrices_axes_and_slugs() -> None:
    assert completed("mcumatrix re", 1) == ["reproduce", "report", "replay"]
    assert completed("mcumatrix plan two", 2) == ["two-boards"]
    assert completed("mcumatrix plan two-boards --select board", 4) == [
        "board=virtual-f746",
        "board=virtual-f767",
    ]
    assert completed("mcumatrix matrix --select builtin_simd_216MHz_mnist-i", 3) == [
        "builtin_simd_216MHz_mnist-int8"
    ]


def test_the_command_that_click_shows_is_the_one_that_was_typed() -> None:
    command = click_command(COMMANDS[0])
    assert isinstance(command, click.Command)
    assert command.get_short_help_str(200) == COMMANDS[0].purpose


def test_messages_name_commands_as_those_of_doit_so_that_they_can_be_reworded() -> None:
    """`as_typed` makes of them what the person has typed. What is written into files is as it is."""
    names = "|".join(command.name for command in COMMANDS)
    named = re.compile(rf"`mcumatrix (?:{names})\b")
    found = [
        f"{path.name}: {node.value}"
        for path in (ROOT / "src/mcumatrix").rglob("*.py")
        if "shipped" not in path.parts and path.name != "declared.py" and named.search(path.read_text())
        for call in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(call, ast.Call)
        for node in ast.walk(call)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and named.search(node.value)
    ]
    assert not found
