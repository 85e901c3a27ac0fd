"""The public API: what it names, what it costs to import, and the example of its documentation."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import vstm32

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "virtual-board.md"

FIRMWARE = """
uint32_t count;
int main(void)
{
    clock_216(); serial_on(938); put_text("ready\\n");
    for (;;) {
        char letter = get();
        if (letter == '!') { REG(0x40020000u) = 1; continue; }
        char text[] = {letter, '\\n', 0};
        put_text(text);
        count++;
    }
}
"""


def _example() -> tuple[str, str]:
    """The code of the section "From Python", and what it prints."""
    section = DOCUMENTATION.read_text().split("\n## From Python\n")[1].split("\n## ")[0]
    code = section.split("```python\n")[1].split("```")[0]
    printed = section.split("```python\n")[1].split("```\n")[2].split("```")[0]
    return code, printed


def test_the_example_of_the_documentation_prints_what_it_says_there(
    compile_firmware: Callable[..., Path], tmp_path: Path
) -> None:
    code, printed = _example()
    (tmp_path / "firmware.elf").write_bytes(compile_firmware(FIRMWARE).read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.stdout, done.stderr, done.returncode) == (printed, "", 0)


@pytest.mark.parametrize("name", vstm32.__all__)
def test_what_the_api_names_is_there_and_documented(name: str) -> None:
    found = getattr(vstm32, name)
    assert found.__doc__
    assert name in dir(vstm32)
    assert name in DOCUMENTATION.read_text()


def test_what_it_does_not_name_is_said_as_python_says_it() -> None:
    with pytest.raises(AttributeError) as error:
        vstm32.Bord  # noqa: B018
    assert str(error.value) == "module 'vstm32' has no attribute 'Bord'"


def test_importing_it_and_reading_a_command_line_load_nothing_heavy() -> None:
    script = (
        "import sys, vstm32, vstm32.app.options as options; options.parse(['--timing', 'instructions'])\n"
        "print(sorted({'unicorn', 'numba', 'capstone', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
