"""A virtual board is never published as hardware, whatever the file of a board says."""

from collections.abc import Iterator

import pytest

from e2e.conftest import TESTED, Workplace
from vstm32.app.daemon import Daemon

BOARD = """\
kind: real
firmware_board: stm32f746g_disco
target: stm32f746xg
units:
  - probe: "{probe}"
    serial_port: "{port}"
"""


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A virtual board that somebody else runs on this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VSTM32_BOARDS", str(tmp_path_factory.mktemp("running")))
        made = Daemon()
        yield made
        made.close()


@pytest.mark.parametrize("tested", [True, False])
@pytest.mark.parametrize("kind", ["vboard:", ""])
def test_a_board_of_kind_real_with_the_probe_of_a_virtual_board_has_failed(
    workplace: Workplace, daemon: Daemon, kind: str, tested: bool
) -> None:
    name = f"posing{'-by-kind' if kind else ''}{'-tested' if tested else ''}"
    board = workplace.root / "matrix" / "boards" / f"{name}.yaml"
    text = BOARD.format(probe=f"{kind}{daemon.uid}", port=daemon.board.serial_port)
    board.write_text(text if tested else f"{text}health: off\n")
    one = TESTED.replace("virtual-f746", name).replace("[216 MHz, 288 MHz]", "216 MHz")
    workplace.write_matrix(name, one)
    ran = workplace.doit("matrix", name)
    assert ran.returncode == (6 if tested else 1), ran.stdout + ran.stderr
    report = workplace.report(name)
    assert "the board is to be real, and the probe " in report
    assert "is that of a virtual board" in report
    assert "0 of 1 variants have times" in report
    assert "Measured on hardware" not in report
    (record,) = workplace.records(name)
    assert f'"status": "{"blocked" if tested else "wrong-probe"}"' in record.read_text()
