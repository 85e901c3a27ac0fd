"""What other packages bring, found and made, and what is said of what does not work."""

from pathlib import Path
from threading import Event

import pytest

from mcumatrix import plugins, registry
from mcumatrix.errors import MatrixError, ToolError
from mcumatrix.model.catalogue import Board, BoardKind, Element, Runtime, Toolchain
from mcumatrix.plugins import Kind
from mcumatrix.ports import Flasher
from support.packages import install

BROUGHT = """
from mcumatrix.errors import ToolError

class Flasher:
    def attached(self): return ()
    def find_probe(self, wanted): return wanted or "J1"
    def connect(self, board, probe): raise NotImplementedError

class Board:
    def __init__(self, entry, *, folder, find_probe, wait, say, stop):
        self.probe = find_probe("")
        self.given = (entry.name, folder.name, wait, stop.is_set())
    def take(self): raise NotImplementedError
    def set_aside(self, unit, why): raise NotImplementedError
    def identity(self): return {"simulator": "1"}
    def close(self): pass

class Builder:
    def __init__(self, cache, *, say):
        say(f"keeps things in {cache}")
    def identity(self, toolchain): raise NotImplementedError
    def execute(self, plan, folders, log): raise NotImplementedError
    def stop(self): pass
    def reap(self): pass

def fails(*_, **__):
    raise KeyError("board")

def refuses(*_, **__):
    raise ToolError("there is no licence", hint="Buy one.")
"""


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for packages that Python sees."""
    folder = tmp_path / "packages"
    folder.mkdir()
    (folder / "brought_by_a_test.py").write_text(BROUGHT)
    monkeypatch.syspath_prepend(str(folder))
    return folder


def _bring(packages: Path, kind: Kind, name: str, value: str, package: str = "lab-tools") -> None:
    install(packages, package, "2.1", {kind.group: {name: f"brought_by_a_test:{value}"}})


def _board(flasher: str = "pyocd", adapter: str = "") -> Board:
    return Board("lab", BoardKind.VIRTUAL, "stm32f746g_disco", flasher=flasher, adapter=adapter)


def test_the_groups_are_those_that_the_documents_name() -> None:
    text = (Path(__file__).parents[1] / "docs/extending.md").read_text()
    for kind in Kind:
        assert f"| `{kind.group}` |" in text


def test_a_flasher_of_another_package_is_found_by_the_board_s_file(packages: Path) -> None:
    _bring(packages, Kind.FLASHER, "openocd", "Flasher")
    assert registry.flashers.flasher(_board("openocd")).find_probe("") == "J1"
    with pytest.raises(MatrixError) as caught:
        registry.flashers.flasher(_board("opnocd"))
    assert caught.value.hint == "Did you mean 'openocd'?"


def test_a_board_of_another_package_gets_what_ours_get(packages: Path, tmp_path: Path) -> None:
    install(
        packages,
        "lab-tools",
        "2.1",
        {
            Kind.FLASHER.group: {"openocd": "brought_by_a_test:Flasher"},
            Kind.BOARD.group: {"renode": "brought_by_a_test:Board"},
        },
    )
    boards = registry.boards.Boards(tmp_path / "boards", wait=False, say=print)
    board = boards.get(_board("openocd", "renode"))
    assert board.identity() == {"simulator": "1"}
    assert vars(board) == {"probe": "J1", "given": ("lab", "boards", False, Event().is_set())}


def test_a_builder_of_another_package_is_chosen_by_its_name(packages: Path, tmp_path: Path) -> None:
    _bring(packages, Kind.BUILDER, "cluster", "Builder")
    said: list[str] = []
    builders = registry.builders.builders("cluster", tmp_path, said.append)
    assert builders.reason == "cluster of lab-tools 2.1, as asked for"
    assert list(builders.able_to_use(Toolchain("path", "arm-none-eabi-"))) == ["cluster"]
    assert said == [f"keeps things in {tmp_path}"]
    with pytest.raises(MatrixError) as caught:
        registry.builders.builders("claster", tmp_path, said.append)
    assert caught.value.hint == "There are: auto, docker, local, cluster."


def test_a_name_of_ours_is_not_taken_by_another_package(packages: Path) -> None:
    _bring(packages, Kind.RUNTIME, "builtin", "Flasher")
    with pytest.raises(ToolError) as caught:
        registry.runtimes.runtime(Runtime("x", "builtin", ("a",), (Element.INT8,)), Path(), Path())
    assert str(caught.value) == (
        "the runtime 'builtin' of lab-tools 2.1 (entry point builtin = brought_by_a_test:Flasher) has the "
        "name of mcumatrix' own\n  Remove the package, or give its entry point another name."
    )


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("nil", "cannot be loaded: AttributeError: module 'brought_by_a_test' has no attribute 'nil'"),
        ("fails", "cannot be made: KeyError: 'board'"),
        ("Board", "cannot be made: TypeError: Board.__init__() missing 1 required positional argument"),
    ],
)
def test_what_is_wrong_with_a_package_is_said_with_its_name(packages: Path, value: str, what: str) -> None:
    _bring(packages, Kind.FLASHER, "openocd", value)
    with pytest.raises(ToolError) as caught:
        plugin = plugins.find(Kind.FLASHER, "openocd", ())
        assert plugin is not None
        plugin.make(Flasher)
    assert caught.value.message.startswith(
        f"the flasher 'openocd' of lab-tools 2.1 (entry point openocd = brought_by_a_test:{value}) {what}"
    )
    assert caught.value.hint == "Install a version that works, or remove it: pip uninstall lab-tools"


def test_what_lacks_a_method_is_named_with_it(packages: Path) -> None:
    install(packages, "lab-tools", "2.1", {Kind.FLASHER.group: {"openocd": "builtins:dict"}})
    with pytest.raises(ToolError) as caught:
        registry.flashers.flasher(_board("openocd"))
    assert caught.value.message == (
        "the flasher 'openocd' of lab-tools 2.1 (entry point openocd = builtins:dict) is none: dict has no "
        "attached, find_probe, connect"
    )


def test_what_an_adapter_says_by_itself_is_passed_on(packages: Path) -> None:
    _bring(packages, Kind.FLASHER, "openocd", "refuses")
    with pytest.raises(ToolError) as caught:
        registry.flashers.flasher(_board("openocd"))
    assert str(caught.value) == "there is no licence\n  Buy one."


def test_a_package_that_nobody_names_is_not_loaded(packages: Path) -> None:
    install(packages, "lab-tools", "2.1", {Kind.FLASHER.group: {"openocd": "no_such_module:Flasher"}})
    assert registry.flashers.flasher(_board()).attached is not None
    assert plugins.names(Kind.FLASHER) == ["openocd"]
