"""The hooks are compiled once for their sources, as a whole or not at all."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vstm32.base.errors import VirtualBoardError
from vstm32.native import build as building
from vstm32.native import sources
from vstm32.native.library import load

STRICT = ("-Wconversion", "-Wsign-conversion", "-Wshadow", "-Wpedantic", "-Wstrict-prototypes", "-Werror")


def test_two_that_compile_at_once_get_the_same_library_and_leave_nothing_else(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        paths = set(pool.map(lambda _: building.build(tmp_path), range(2)))
    assert paths == {tmp_path / sources.library_name()}
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".layout", ".so"]
    _, lib = load(paths.pop())
    assert lib.block_hook


def test_what_is_compiled_is_not_compiled_again(tmp_path: Path) -> None:
    library = building.build(tmp_path)
    before = library.stat()
    assert building.build(tmp_path, environment={"CC": "/no/compiler"}) == library
    assert library.stat() == before


def test_the_sources_compile_without_a_warning(tmp_path: Path) -> None:
    assert building.build(tmp_path, flags=STRICT).exists()


@pytest.mark.parametrize("name", [path.name for path in sorted(sources.FOLDER.glob("*.[ch]"))])
def test_a_source_that_changes_makes_another_library(tmp_path: Path, name: str) -> None:
    for path in sources.FOLDER.glob("*.[ch]"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert sources.library_name(tmp_path) == sources.library_name()
    with (tmp_path / name).open("a") as file:
        file.write("/* changed */\n")
    assert sources.library_name(tmp_path) != sources.library_name()


def test_without_a_compiler_it_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(VirtualBoardError) as raised:
        building.build(tmp_path, environment={"CC": "no-such-compiler"})
    assert str(raised.value) == (
        "There is no C compiler 'no-such-compiler', which the hooks of the virtual board need.\n"
        "  Install one (on Debian: apt-get install gcc libc6-dev), or name one in CC."
    )
    assert list(tmp_path.iterdir()) == []


def test_what_a_compiler_has_against_it_is_passed_on(tmp_path: Path) -> None:
    compiler = tmp_path / "cc"
    compiler.write_text("#!/bin/sh\necho 'stdint.h: not found' >&2\nexit 1\n")
    compiler.chmod(0o755)
    with pytest.raises(VirtualBoardError) as raised:
        building.build(tmp_path / "built", environment={"CC": str(compiler)})
    assert str(raised.value) == (
        f"{compiler} could not compile the hooks of the virtual board:\nstdint.h: not found\n"
        "  libc6-dev has the headers of the C library; CC names another compiler."
    )


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(VirtualBoardError) as raised:
        building.build(tmp_path / "file" / "built")
    assert str(raised.value) == (
        f"The hooks of the virtual board cannot be put into {tmp_path}/file/built: Not a directory.\n"
        "  Make room or mend the rights, then run this again."
    )


def test_a_board_without_the_library_says_how_to_build_it_and_does_not_do_so(tmp_path: Path) -> None:
    missing = tmp_path / "hooks.so"
    ran = subprocess.run(
        [sys.executable, "-m", "vstm32", "--folder", str(tmp_path / "board")],
        env=os.environ | {sources.LIBRARY_VARIABLE: str(missing)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == (
        f"The hooks of the virtual board have not been compiled: {missing} is missing.\n"
        "  Run `python -m vstm32.native`; it needs a C compiler.\n"
    )
    assert not missing.exists()


def test_a_library_that_is_none_is_named(tmp_path: Path) -> None:
    built = building.build(tmp_path)
    built.write_bytes(b"no library")
    with pytest.raises(VirtualBoardError) as raised:
        load(built)
    assert raised.value.message.startswith("The hooks of the virtual board cannot be loaded: ")
    assert raised.value.hint == f"Remove {built}, then run `python -m vstm32.native`."


def test_the_command_prints_where_the_library_is() -> None:
    ran = subprocess.run([sys.executable, "-m", "vstm32.native"], capture_output=True, text=True, check=True)
    assert ran.stdout == f"{sources.BUILT / sources.library_name()}\n"
