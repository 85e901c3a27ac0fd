"""Files of runtimes: the code from elsewhere that they name."""

from pathlib import Path

import pytest

from mcumatrix.errors import MatrixError
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.matrix.load import load_matrix
from mcumatrix.model.catalogue import Source
from mcumatrix.model.variant import Matrix

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


REVISIONS = {"v6.0.0": "6" * 40, "v7.0.0": "7" * 40}
LEFT = (
    f"tensorflow: {{git: https://example.org/tf, commit: '{COMMIT}'}}, cmsis-nn: {{git: https://example.org/nn,"
    f" revisions: {{v6.0.0: '{'6' * 40}', v7.0.0: '{'7' * 40}'}}}}"
)
MATRIX = """\
axes:
  runtime: [lib]
  kernels: reference
  clock: 216 MHz
  model: small
  board: board
  toolchain: path
"""


def expanded(file: Path, matrix: str, sources: str = LEFT) -> Matrix:
    file.write_text(
        f"adapter: tflm\nkernels: [reference]\nelements: [int8]\nsources: {{{sources}}}\n", encoding="utf-8"
    )
    path = Path("matrix/m.yaml")
    path.write_text(matrix)
    return load_matrix(path, load_catalogues(Path("matrix")))


def test_an_axis_called_after_a_source_takes_its_revisions(file: Path) -> None:
    matrix = expanded(file, f"{MATRIX}  cmsis_nn: [v6.0.0, v7.0.0]\n")
    chosen = {variant.slug: variant.runtime.sources[1] for variant in matrix.variants}
    assert {slug: (source.commit, source.revision) for slug, source in chosen.items()} == {
        f"lib_reference_216MHz_small_{name}": (commit, name) for name, commit in REVISIONS.items()
    }
    assert [variant.axes["cmsis_nn"] for variant in matrix.variants] == ["v6.0.0", "v7.0.0"]
    assert str(matrix.variants[0].settings[0]) == "cmsis_nn v6.0.0: cmsis-nn at v6.0.0"


def test_a_label_may_take_a_revision_beside_flags(file: Path) -> None:
    axis = "  cmsis_nn: {fast: {revision: v7.0.0, flags: [-O3]}, plain: {revision: v7.0.0}}\n"
    fast, plain = expanded(file, MATRIX + axis).variants
    assert fast.runtime.sources == plain.runtime.sources
    assert (fast.settings[0].flags, plain.settings[0].flags) == (("-O3",), ())


def test_a_source_with_a_commit_of_its_own_needs_no_axis(file: Path) -> None:
    sources = LEFT.replace("example.org/nn,", f"example.org/nn, commit: '{COMMIT}',")
    (variant,) = expanded(file, MATRIX, sources).variants
    assert variant.runtime.sources[1].commit == COMMIT


@pytest.mark.parametrize(
    ("axis", "reason"),
    [
        ("", "lib leaves cmsis-nn to an axis cmsis_nn"),
        ("  cmsis_nn: [v9.0.0]\n", "lib has no source cmsis-nn at v9.0.0"),
        ("  eigen: [v3.4]\n  cmsis_nn: [v6.0.0]\n", "lib has no source eigen at v3.4"),
    ],
)
def test_a_revision_that_a_runtime_does_not_have_is_no_variant(file: Path, axis: str, reason: str) -> None:
    with pytest.raises(MatrixError) as raised:
        expanded(file, MATRIX + axis)
    assert f"no variant is left\n  Reasons: {reason}." in str(raised.value)


def test_a_runtime_without_such_a_source_has_no_variants_with_a_revision(file: Path) -> None:
    Path("matrix/runtimes/own.yaml").write_text("adapter: builtin\nkernels: [reference]\nelements: [int8]\n")
    both = MATRIX.replace("[lib]", "[lib, own]")
    with pytest.raises(MatrixError, match=r"own has no source cmsis-nn at v6\.0\.0"):
        expanded(file, f"{both}  cmsis_nn: [v6.0.0]\n")
