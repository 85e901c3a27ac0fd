"""Files of runtimes: the code from elsewhere that they name."""

from pathlib import Path

import pytest

from mcumatrix.errors import MatrixError
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.model.catalogue import Source

COMMIT = "90b983c2b3f1480642e040bbd2ddb37b998f3424"
MD5 = "0" * 32
OTHERS = {
    "boards/board.yaml": "kind: virtual\nfirmware_board: stm32f746g_disco\ntarget: stm32f746xg\n",
    "toolchains/path.yaml": "prefix: arm-none-eabi-\n",
    "models/small.yaml": "element: int8\nfile: m/s.tflite\ngolden: m/s.json\n"
    "digits: m/digits\ndigit_label: 7\n",
}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the only runtime, to be written."""
    monkeypatch.chdir(tmp_path)
    for name, text in OTHERS.items():
        path = Path("matrix") / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    Path("matrix/runtimes").mkdir()
    return Path("matrix/runtimes/lib.yaml")


def write(file: Path, tensorflow: str, more: str = "") -> None:
    file.write_text(
        f"adapter: tflm\nkernels: [reference]\nelements: [int8]\n{more}"
        f"sources:\n  tensorflow: {{{tensorflow}}}\n"
    )


def test_a_source_can_be_a_commit(file: Path) -> None:
    write(file, f"git: https://example.org/tflite-micro, commit: {COMMIT}, revision: main")
    (source,) = load_catalogues(Path("matrix")).runtimes["lib"].sources
    assert source == Source(
        "tensorflow", "https://example.org/tflite-micro", f"git:{COMMIT}", revision="main"
    )
    assert source.commit == COMMIT


def test_an_archive_is_no_commit(file: Path) -> None:
    write(file, f"url: https://example.org/a.zip, md5: {MD5}")
    (source,) = load_catalogues(Path("matrix")).runtimes["lib"].sources
    assert source.commit == ""


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/tflite-micro",
        "https://example.org:8443/a/b.git",
        "git+https://example.org/a",
        "file:///srv/git/a",
        "git+file:///srv/git/a",
    ],
)
def test_repositories_are_on_the_network_or_on_this_machine(file: Path, url: str) -> None:
    write(file, f"git: '{url}', commit: {COMMIT}")
    (source,) = load_catalogues(Path("matrix")).runtimes["lib"].sources
    assert source.url == url


@pytest.mark.parametrize(
    ("tensorflow", "said"),
    [
        (
            "git: https://example.org/a",
            "5:21: tensorflow needs a commit\n"
            "  Nothing is fetched without one: `doit pin` says the present one of a branch or a tag.",
        ),
        (
            "git: https://example.org/a, commit: main",
            "5:52: sources.tensorflow.commit cannot be 'main': it is not the id of a commit\n"
            "  Write its 40 hexadecimal digits in lower case: `git rev-parse REVISION^{commit}` says them.",
        ),
        (
            "git: 'ext::sh -c true', commit: COMMIT",
            "5:21: sources.tensorflow.git cannot be 'ext::sh -c true': it is not a https URL of a git"
            " repository\n  Write it as in 'https://host/owner/name', or 'file:///path' for one on this"
            " machine.",
        ),
        (
            "git: https://example.org/a, commit: COMMIT, path: here",
            "5:100: tensorflow has a commit and a folder\n"
            "  Keep one: url with its checksum, git with commit, or path.",
        ),
        (
            "url: https://example.org/a.zip, md5: MD5, commit: COMMIT",
            "5:87: commit is for a git repository, and tensorflow has none\n  Remove it, or add git.",
        ),
        (
            "git: https://example.org/a, commit: COMMIT, md5: MD5",
            "5:94: tensorflow has the checksum of an archive, and none is given\n  Remove it, or add url.",
        ),
        (
            "revision: main",
            "5:15: tensorflow has neither an archive, nor a commit, nor a folder\n"
            "  Add url and sha256, git and commit, or path.",
        ),
        (
            "url: https://example.org/a.zip",
            "5:21: tensorflow needs one checksum, and has 0\n  Nothing is fetched without sha256 or md5.",
        ),
    ],
)
def test_what_a_source_cannot_be_is_said_with_its_place(file: Path, tensorflow: str, said: str) -> None:
    write(file, tensorflow.replace("COMMIT", COMMIT).replace("MD5", MD5))
    with pytest.raises(MatrixError) as raised:
        load_catalogues(Path("matrix"))
    assert said in str(raised.value)
