"""Imports go one way. This walks all of them, those inside of functions too."""

import ast
import re
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"

LAYERS = (
    (
        "errors",
        "defaults",
        "units",
        "hashing",
        "own_code",
        "printable",
        "storage",
        "artifact",
        "by_contents",
        "overlay",
        "templating",
        "project",
        "locking",
        "plugins",
    ),
    ("model", "wire"),
    ("ports",),
    ("matrix", "stages", "results", "sources", "progress"),
    ("report", "adapters"),
    ("registry", "client"),
    ("notebook",),
    ("workflow",),
    ("executors",),
    ("health",),
    ("running",),
    ("actions",),
    ("commands",),
    ("work",),
    ("doit_support",),
    ("tasks",),
    ("cli",),
    # What a project's dodo.py imports.
    ("dodo",),
)
"""From the bottom up: a module imports from layers below its own, or from its own package."""

VSTM32_FLOORS = ("base", "native", "timing", "cortex_m", "stm32", "chips", "look", "board", "debug", "app")
"""The rooms of the virtual board, from the bottom up."""

ADAPTERS_MAY_IMPORT = {
    *("artifact", "errors", "units", "hashing", "locking", "model", "ports", "printable", "storage"),
    "templating",
}

ONE_PLACE = {
    "doit": {"cli", "tasks", "doit_support"},
    "click": {"cli"},
    "distributed": {"executors.cluster"},
    "serial": {"adapters.consoles.serial_port"},
    "unicorn": {"vstm32.cortex_m"},
    "cffi": {"vstm32.native"},
    "capstone": {"vstm32.timing"},
    "flatbuffers": {"client"},
    # It writes models, for tests and tools.
    "tflite": set(),
    "ipycanvas": {"notebook.drawing_pad"},
    "IPython": {"notebook.progress_bar"},
    "ipywidgets": {"notebook.drawing_pad", "notebook.progress_bar"},
    "requests": {"sources.transport"},
    "urllib3": {"sources.transport"},
    "ruamel": {"matrix"},
    "vl_convert": {"report.render.charts.svg"},
    "docker": {"adapters.builders.docker"},
    "sigstore": {"adapters.signers.sigstore_bundle"},
    "pyocd": {"adapters.flashers.pyocd"},
    "subprocess": {
        *("adapters.builders", "adapters.boards", "adapters.signers", "adapters.revisions"),
        *("sources.git", "vstm32.native"),
    },
}
"""Libraries that are used in one place, so that they can be replaced in one place."""

HEAVY = {
    "distributed",
    "cffi",
    "ipycanvas",
    "ipywidgets",
    "unicorn",
    "capstone",
    "tflite",
    "jinja2",
    "serial",
    "elftools",
    "numpy",
    "pyocd",
    "rich",
    "tflite_micro",
    "vl_convert",
}
"""Libraries that a command must not load before it needs them."""

MAKERS = {"tools", "bench", "conformance", "fuzz", "tests", "support"}
"""What is for those who make mcumatrix, and is in no wheel."""

LOADED_LATE = (
    "vstm32",
    "mcumatrix.adapters.models.input_arrays",
    "mcumatrix.adapters.models.labelled_set",
    "mcumatrix.adapters.models.set_answers",
    "mcumatrix.adapters.models.tflm_host",
    # By notebooks, which cannot do without numpy.
    "mcumatrix.notebook",
    # By pyOCD itself, which finds them through the entry point of the plugin.
    "mcumatrix.adapters.flashers.pyocd.network_probe",
    "mcumatrix.adapters.flashers.pyocd.plugin",
    "mcumatrix.adapters.flashers.pyocd.target",
    "mcumatrix.adapters.flashers.pyocd.external",
    "mcumatrix.adapters.flashers.pyocd.virtual_probe",
)
"""Modules that are loaded only by who cannot do without their libraries."""


def _modules() -> dict[str, Path]:
    return {
        ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted(SOURCE.rglob("*.py"))
    }


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


@cache
def _imports(path: Path) -> list[tuple[str, ast.stmt, bool]]:
    """What a file imports: the module, the statement, and whether it is done when the file is loaded."""
    found: list[tuple[str, ast.stmt, bool]] = []

    def visit(node: ast.AST, at_load: bool) -> None:
        if isinstance(node, ast.Import):
            found.extend((alias.name, node, at_load) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            assert node.module
            found.extend((f"{node.module}.{alias.name}", node, at_load) for alias in node.names)
        later = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or _is_type_checking(
            node
        )
        for child in ast.iter_child_nodes(node):
            visit(child, at_load and not later)

    visit(ast.parse(path.read_text()), True)
    return found


def _own(name: str) -> str | None:
    """The part of mcumatrix that an import names: its module or package below `mcumatrix`."""
    parts = name.split(".")
    return parts[1] if parts[0] == "mcumatrix" and len(parts) > 1 else None


def _room(name: str) -> str | None:
    """The room of vstm32 that a name belongs to, if it belongs to one."""
    parts = name.split(".")
    return parts[1] if parts[0] == "vstm32" and len(parts) > 1 and parts[1] in VSTM32_FLOORS else None


def _rank(part: str) -> int:
    return next(rank for rank, layer in enumerate(LAYERS) if part in layer)


MODULES = _modules()


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_from_below_only(module: str) -> None:
    part = _own(module)
    if part is None:
        return
    for name, _, _ in _imports(MODULES[module]):
        imported = _own(name)
        if imported is not None and imported != part:
            lower = _rank(imported) < _rank(part)
            assert lower or _rank(imported) == _rank(part) <= 1, f"{module} imports {name}"


def test_no_module_imports_itself_by_a_detour() -> None:
    graph = {
        module: {_module_of(name) for name, _, _ in _imports(path) if _is_ours(name)} - {module}
        for module, path in MODULES.items()
    }
    tuple(TopologicalSorter(graph).static_order())  # raises CycleError with the detour


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] in {"mcumatrix", "vstm32"}


def _module_of(name: str) -> str:
    return name if name in MODULES else name.rpartition(".")[0]


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("mcumatrix.adapters.")])
def test_an_adapter_knows_neither_stages_nor_adapters_of_another_kind(module: str) -> None:
    kind = module.split(".")[2]
    for name, _, _ in _imports(MODULES[module]):
        imported = _own(name)
        if imported == "adapters":
            assert name.split(".")[2] == kind, f"{module} imports {name}"
        elif imported is not None:
            assert imported in ADAPTERS_MAY_IMPORT, f"{module} imports {name}"


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("mcumatrix.report.content")])
def test_what_a_report_says_knows_nothing_of_how_it_is_shown(module: str) -> None:
    for name, _, _ in _imports(MODULES[module]):
        assert not name.startswith(("mcumatrix.report.render", "jinja2", "html")), f"{module} imports {name}"


OF_FORMATS = ("errors", "overlay", "printable", "report", "results", "templating", "units")


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("mcumatrix.report.render")])
def test_a_format_looks_at_what_a_report_says_and_at_no_matrix(module: str) -> None:
    for name, _, _ in _imports(MODULES[module]):
        assert _own(name) in (None, *OF_FORMATS) or name.startswith("mcumatrix.model"), name


@pytest.mark.parametrize("module", [name for name in MODULES if name.partition(".")[0] == "vstm32"])
def test_the_virtual_board_stands_alone(module: str) -> None:
    for name, _, _ in _imports(MODULES[module]):
        assert name.partition(".")[0] != "mcumatrix", f"{module} imports {name}"


@pytest.mark.parametrize("module", [name for name in MODULES if _room(name)])
def test_a_room_of_the_virtual_board_imports_from_below_only(module: str) -> None:
    floor = VSTM32_FLOORS.index(_room(module) or "")
    for name, _, _ in _imports(MODULES[module]):
        room = _room(name)
        if room is not None:
            assert VSTM32_FLOORS.index(room) <= floor, f"{module} imports {name}"


@pytest.mark.parametrize("module", MODULES)
def test_the_product_imports_no_tool_of_its_makers(module: str) -> None:
    for name, _, _ in _imports(MODULES[module]):
        assert name.partition(".")[0] not in MAKERS, f"{module} imports {name}"


def test_tools_do_not_stand_among_the_firmware() -> None:
    assert not list((SOURCE.parent / "firmware").rglob("*.py"))


@pytest.mark.parametrize("library", ONE_PLACE)
def test_a_library_is_used_in_one_place(library: str) -> None:
    for module, path in MODULES.items():
        if any(name.split(".")[0] == library for name, _, _ in _imports(path)):
            place = module.removeprefix("mcumatrix.")
            assert any(place == one or place.startswith(f"{one}.") for one in ONE_PLACE[library]), module


@pytest.mark.parametrize("module", MODULES)
def test_heavy_libraries_are_imported_where_they_are_needed(module: str) -> None:
    if module.startswith(LOADED_LATE):
        return
    for name, _, at_load in _imports(MODULES[module]):
        assert not (at_load and name.split(".")[0] in HEAVY), f"{module} loads {name}"


def test_loading_the_commands_loads_no_heavy_library() -> None:
    import subprocess
    import sys

    commands = ", ".join(name for name in MODULES if f"{name}.".startswith("mcumatrix.cli."))
    script = f"import sys, {commands}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert set(loaded.stdout.split()) & HEAVY == set()


def _texts(folders: tuple[str, ...]) -> list[Path]:
    """The text files below these folders of the project, without what is made there."""
    made = {"__pycache__", "built"}
    found = [path for folder in folders for path in (SOURCE.parent / folder).rglob("*") if path.is_file()]
    return [path for path in found if not made & set(path.parts) and b"\0" not in path.read_bytes()]


def test_only_the_files_of_a_chip_or_a_board_name_one() -> None:
    from vstm32.chips import chips

    # What stands for the chip in any spelling: F746, stm32f746xg, STM32F746NG.
    names = re.compile("|".join({chip.names[0][len("stm32") :][:4] for chip in chips()}), re.IGNORECASE)
    own = [SOURCE.parent / "firmware" / kind for kind in ("chip", "board")]
    # An application has a file for each board that it can be on.
    own += (SOURCE.parent / "firmware" / "application").glob("*/board")
    offenders = [
        str(path.relative_to(SOURCE.parent))
        for path in _texts(("src", "firmware", "templates", "tools", "conformance"))
        if names.search(path.read_text(errors="replace"))
        and path.parent.name not in ("chips", "boards")
        and not any(path.is_relative_to(folder) for folder in own)
    ]
    assert offenders == []


def test_archives_are_unpacked_without_filters_that_the_python_of_debian_12_lacks() -> None:
    """3.11.2 has neither tarfile.data_filter nor an argument for it; both came with 3.11.4."""
    offenders = [
        f"{path.relative_to(SOURCE.parent)}:{call.lineno}"
        for folder in ("src", "tools", "tests", "bench", "fuzz", "conformance")
        for path in (SOURCE.parent / folder).rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and ast.unparse(call.func).rpartition(".")[2] in {"extract", "extractall", "unpack_archive"}
        and any(argument.arg == "filter" for argument in call.keywords)
    ]
    assert offenders == []
