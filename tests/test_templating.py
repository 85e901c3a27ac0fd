"""What is wrong with a template of a C source is said by file and line."""

from pathlib import Path

import pytest

from mcumatrix.errors import RenderError
from mcumatrix.templating import render_source

HINT = "  Mend it, or remove it: mcumatrix brings its own."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\n#define X {{ hello.nosuch }}\n", "a.h.j2:2: 'str object' has no attribute 'nosuch'"),
        ("\n\n{% if %}\n", "a.h.j2:3: Expected an expression, got 'end of statement block'"),
        ("{{ 1 // 0 }}\n", "a.h.j2:1: ZeroDivisionError: integer division or modulo by zero"),
        ("{% include 'b.h.j2' %}\n", ""),
    ],
)
def test_a_broken_template_is_said_with_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "a.h.j2").write_text(text)
    with pytest.raises(RenderError) as caught:
        render_source(tmp_path, "a.h.j2", hello="world")
    if said:
        assert str(caught.value) == f"{tmp_path}/{said}\n{HINT}"
    else:
        assert str(caught.value) == (
            f"there is no template {tmp_path}/b.h.j2\n  Restore it; the project has one."
        )


def test_a_source_is_what_the_template_makes(tmp_path: Path) -> None:
    (tmp_path / "a.h.j2").write_text("{% for n in range(2) %}\n{{ hello }}{{ n }}\n  {% endfor %}\n")
    assert render_source(tmp_path, "a.h.j2", trims=True, strips=True, hello="<x>") == b"<x>0\n<x>1\n"
    assert render_source(tmp_path, "a.h.j2", hello="<x>") == b"\n<x>0\n  \n<x>1\n  \n"
