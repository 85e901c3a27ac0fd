"""`doit pin`: a runtime's file from real repositories, made on the spot."""

import os
from pathlib import Path

import pytest

from adapters.runtimes.tflm.conftest import NEW, files_of, kernel
from mcumatrix.commands.pin import pin
from mcumatrix.errors import MatrixError, SourceError
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.model.catalogue import Element, Source
from mcumatrix.project import Project
from sources.repositories import Repository, make_repository

URL = "https://github.com/tensorflow/tflite-micro"
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "project" / "matrix" / "runtimes").mkdir(parents=True)
    return Project(tmp_path / "project")


@pytest.fixture
def upstream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Repository]:
    """Repositories that stand for those of GitHub, as a person without a network has them."""
    names = {
        "tensorflow/tflite-micro": "tensorflow",
        "google/flatbuffers": "flatbuffers",
        "google/gemmlowp": "gemmlowp",
        "ARM-software/CMSIS_6": "cmsis",
        "ARM-software/CMSIS-NN": "cmsis-nn",
    }
    repositories = {short: make_repository(tmp_path / "upstream" / short) for short in names.values()}
    config = "".join(
        f'[url "{repositories[short].url}"]\n    insteadOf = https://github.com/{name}\n'
        for name, short in names.items()
    )
    (tmp_path / "gitconfig").write_text(config)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("MCUMATRIX_CACHE", str(tmp_path / "cache"))
    return repositories


def fill(upstream: dict[str, Repository], *left_out: str) -> dict[str, str]:
    """Gives each repository a commit, and the tree its pins of them, but of those left out; the ids."""
    commits = {name: upstream[name].commit({"README": name}) for name in upstream if name != "tensorflow"}
    upstream["flatbuffers"].git("tag", "v25.9.23", "--annotate", "--message", "Release it")
    upstream["flatbuffers"].commit({"README": "later"})
    urls = {
        "FLATBUFFERS": "https://github.com/google/flatbuffers/archive/refs/tags/v25.9.23.zip",
        "GEMMLOWP": f"https://github.com/google/gemmlowp/archive/{commits['gemmlowp']}.zip",
        "CMSIS": f"http://github.com/ARM-software/CMSIS_6/archive/{commits['cmsis']}.zip",
        "CMSIS_NN": f"http://github.com/ARM-software/CMSIS-NN/archive/{commits['cmsis-nn']}.zip",
    }
    pins = "".join(
        f'{name}_URL="{url}"\n{name}_MD5="{"0" * 32}"\n' for name, url in urls.items() if name not in left_out
    )
    conv = kernel("CONV_2D", "switch (t) { case kTfLiteFloat32: case kTfLiteInt8: break; }\n")
    files = {
        **files_of("log", NEW),
        f"{NEW}/kernels/conv.cc": conv,
        f"{NEW}/kernels/cmsis_nn/conv.cc": conv,
        f"{NEW}/tools/make/ext_libs/all_download.sh": pins,
    }
    commits["tensorflow"] = upstream["tensorflow"].commit(files)
    return commits


def test_a_runtime_is_made_with_the_commits_that_the_tree_asks_for(
    project: Project, upstream: dict[str, Repository]
) -> None:
    commits = fill(upstream)
    said: list[str] = []
    assert pin(project, "tflm-next", "tensorflow/tflite-micro@main", said.append) == 0
    path = project.matrices / "runtimes" / "tflm-next.yaml"
    for folder in ("boards", "toolchains", "models"):
        (project.matrices / folder).symlink_to(REPOSITORY / "matrix" / folder)
    runtime = load_catalogues(project.matrices).runtimes["tflm-next"]
    assert runtime.kernels == ("reference", "cmsis-nn")
    assert runtime.elements == (Element.FLOAT32, Element.INT8)
    assert runtime.sources == (
        Source("tensorflow", URL, f"git:{commits['tensorflow']}", revision="main"),
        Source(
            "flatbuffers",
            "https://github.com/google/flatbuffers",
            f"git:{commits['flatbuffers']}",
            revision="v25.9.23",
        ),
        Source("gemmlowp", "https://github.com/google/gemmlowp", f"git:{commits['gemmlowp']}"),
        Source("cmsis", "https://github.com/ARM-software/CMSIS_6", f"git:{commits['cmsis']}"),
        Source("cmsis-nn", "https://github.com/ARM-software/CMSIS-NN", f"git:{commits['cmsis-nn']}"),
    )
    assert path.read_text().splitlines()[:4] == [
        "# yaml-language-server: $schema=../../docs/runtime.schema.json",
        "# Made by `doit pin tflm-next tensorflow/tflite-micro@main`.",
        "# The commits of the libraries are those that the tree itself asks for.",
        "description: TensorFlow Lite Micro, main of tensorflow/tflite-micro.",
    ]
    assert said[0] == f"tensorflow: {commits['tensorflow']} of {URL} (main)"
    assert said[-1] == (
        "matrix/runtimes/tflm-next.yaml has the runtime tflm-next: name it in the axis runtime of a matrix."
    )


def test_a_tree_whose_cmsis_5_has_cmsis_nn_within_it_pins_that_alone(
    project: Project, upstream: dict[str, Repository]
) -> None:
    commits = fill(upstream, "CMSIS_NN")
    pin(project, "old", URL, print)
    text = (project.matrices / "runtimes" / "old.yaml").read_text()
    assert text.endswith(
        f"  cmsis:\n    git: https://github.com/ARM-software/CMSIS_6\n    commit: {commits['cmsis']}\n"
    )


def test_a_commit_or_the_default_branch_of_a_url_will_do(
    project: Project, upstream: dict[str, Repository]
) -> None:
    commit = fill(upstream)["tensorflow"]
    pin(project, "one", f"{URL}@{commit}", print)
    pin(project, "two", URL, print)
    texts = [(project.matrices / "runtimes" / f"{name}.yaml").read_text() for name in ("one", "two")]
    assert all(f"    git: {URL}\n    commit: {commit}\n  flatbuffers" in text for text in texts)


def test_a_runtime_that_is_there_is_not_replaced(project: Project, upstream: dict[str, Repository]) -> None:
    (project.matrices / "runtimes" / "mine.yaml").write_text("adapter: tflm\n")
    with pytest.raises(MatrixError) as raised:
        pin(project, "mine", URL, print)
    assert str(raised.value) == (
        "there is a runtime mine already: matrix/runtimes/mine.yaml\n"
        "  Choose another name, or remove that file: results name runtimes, so that a changed one is"
        " another one."
    )


def test_a_name_that_no_file_can_have_is_refused(project: Project) -> None:
    with pytest.raises(MatrixError) as raised:
        pin(project, "../mine", URL, print)
    assert raised.value.message == "a runtime cannot be called '../mine': it is unfit for a file name"


def test_a_branch_that_is_not_there_is_said(project: Project, upstream: dict[str, Repository]) -> None:
    fill(upstream)
    with pytest.raises(SourceError) as raised:
        pin(project, "mine", f"{URL}@nowhere", print)
    assert str(raised.value) == (
        f"{URL} has no branch and no tag nowhere for tensorflow.\n  A commit is named by all of its 40"
        " digits."
    )
    assert not list((project.matrices / "runtimes").iterdir())


def test_a_library_whose_commit_the_tree_does_not_say_is_named(
    project: Project, upstream: dict[str, Repository]
) -> None:
    upstream["tensorflow"].commit(files_of("log", NEW))
    with pytest.raises(SourceError) as raised:
        pin(project, "mine", URL, print)
    assert "needs flatbuffers (tensorflow/lite/schema/schema_generated.h includes" in raised.value.message
    assert raised.value.message.endswith(
        "and does not say of which commit: looked for its URL in tensorflow/lite/micro/tools/make."
    )
    assert raised.value.hint == "Write the runtime's file by hand, with a commit of the tree's age."


def test_what_is_no_tree_is_refused(project: Project, upstream: dict[str, Repository]) -> None:
    upstream["tensorflow"].commit({"README": "something else"})
    with pytest.raises(SourceError, match="There is no TensorFlow tree in"):
        pin(project, "mine", URL, print)


def test_without_a_repository_the_error_is_gits(
    project: Project, upstream: dict[str, Repository], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    with pytest.raises(SourceError) as raised:
        pin(project, "mine", (Path("/nowhere") / "tree").as_uri(), print)
    assert raised.value.message == (
        "tensorflow could not be looked up in file:///nowhere/tree: git says: fatal: '/nowhere/tree' does not"
        " appear to be a git repository"
    )
