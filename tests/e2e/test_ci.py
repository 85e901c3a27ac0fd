"""What `init` writes for CI does what it says: its own steps, executed from the file that was written."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from mcumatrix.commands.init import CI_FILES, init
from mcumatrix.errors import ExitCode
from mcumatrix.project import Project
from support.ci_files import (
    Ran,
    Step,
    circleci_steps,
    github_steps,
    gitlab_steps,
    read,
    run_steps,
)

ROOT = Path(__file__).parents[2]

MATRIX = """\
axes:
  runtime: builtin
  kernels: simd
  clock: 216 MHz
  model: mnist-int8
  board: virtual-f746
repeat: 1
warmup: 0
health: off
"""
SOFTMAX = "firmware/runtime/builtin/kernels/common/softmax_int8.c"

PULL_REQUEST = "https://github.com/owner/project/pull/7"
COMMENTS_URL = "https://api.github.com/repos/owner/project/issues/7/comments"
EXPRESSIONS = {
    "github.token": "secret",
    "github.event.pull_request.comments_url": COMMENTS_URL,
    "inputs.matrix": "quickstart",
    "inputs.token": "secret",
    "inputs.package": "",
}


def git(project: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    ran = subprocess.run(
        ["git", *identity, *arguments], cwd=project, check=True, capture_output=True, text=True
    )
    return ran.stdout.strip()


def github(project: Path) -> Iterator[Step]:
    job = read((project / CI_FILES["github"]).read_text())["jobs"]["benchmarks"]
    summary = {"GITHUB_STEP_SUMMARY": str(project / "summary.md")}
    return github_steps(job["steps"], EXPRESSIONS, {**job["env"], **summary})


def action(project: Path) -> Iterator[Step]:
    steps = read((ROOT / "action.yml").read_text())["runs"]["steps"]
    return github_steps(steps, EXPRESSIONS, {"GITHUB_STEP_SUMMARY": str(project / "summary.md")})


def gitlab(project: Path) -> Iterator[Step]:
    described = read((project / CI_FILES["gitlab"]).read_text())
    given = {
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": git(project, "rev-parse", "HEAD^1"),
        "CI_API_V4_URL": "https://gitlab.example/api/v4",
        "CI_PROJECT_ID": "3",
        "CI_MERGE_REQUEST_IID": "7",
        "MCUMATRIX_TOKEN": "secret",
    }
    return gitlab_steps(described["benchmarks"], {**described["variables"], **given})


def circleci(project: Path) -> Iterator[Step]:
    git(project, "update-ref", "refs/remotes/origin/main", "HEAD^1")
    given = {
        "CIRCLE_BRANCH": "topic",
        "CIRCLE_PULL_REQUEST": PULL_REQUEST,
        "CIRCLE_PROJECT_USERNAME": "owner",
        "CIRCLE_PROJECT_REPONAME": "project",
        "GITHUB_TOKEN": "secret",
    }
    job = read((project / CI_FILES["circleci"]).read_text())["jobs"]["benchmarks"]
    return circleci_steps(job, given)


SERVICES: Mapping[str, Callable[[Path], Iterator[Step]]] = {
    "github": github,
    "gitlab": gitlab,
    "circleci": circleci,
}

COMMENTS = {
    "github": f"--data @comment.json {COMMENTS_URL}\n",
    "gitlab": "--data-urlencode body@comparison.md https://gitlab.example/api/v4/projects/3/merge_requests/7/notes\n",
    "circleci": f"--data @comment.json {COMMENTS_URL}\n",
}


def project_with_a_change(folder: Path, ci: str) -> Path:
    """A repository whose last commit makes a layer slower."""
    folder.mkdir(exist_ok=True)
    assert init(Project(folder), None, ci, str) is ExitCode.OK
    (folder / "matrix/quickstart.yaml").write_text(MATRIX)
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "Begin")
    begin = "void softmax_int8(const struct builtin_layer *layer) {\n"
    text = (ROOT / SOFTMAX).read_text()
    assert begin in text
    changed = folder / SOFTMAX
    changed.parent.mkdir(parents=True)
    changed.write_text(
        text.replace(begin, f"{begin}    for (volatile int32_t i = 0; i < 50000; i++) {{\n    }}\n")
    )
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "Wait in the softmax")
    return folder


def results_of(github_project: Path) -> str:
    """A stand-in for `mcumatrix` that brings in what the matrix gave on GitHub, and does all else itself."""
    real = Path(sys.executable).with_name("mcumatrix")
    return f"""\
[ "$1" = matrix ] || exec {real} "$@"
mkdir -p results build/images
if [ -e {SOFTMAX} ]; then cp -r {github_project}/results .; else cp -r {github_project}/base/results .; fi"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, Ran]]:
    """Each service once: its project and what came of it. Only the first builds and runs the matrix."""
    done: dict[str, tuple[Path, Ran]] = {}
    no_cache = Path("nowhere")

    def run(ci: str) -> tuple[Path, Ran]:
        if ci not in done:
            stand_ins = {} if ci == "github" else {"mcumatrix": results_of(run("github")[0])}
            project = project_with_a_change(tmp_path_factory.mktemp(ci), ci)
            programs = tmp_path_factory.mktemp("programs")
            done[ci] = (project, run_steps(SERVICES[ci](project), project, no_cache, programs, stand_ins))
        return done[ci]

    return run


@pytest.mark.parametrize("ci", SERVICES)
def test_a_change_that_makes_a_layer_slower_fails_with_a_comment_and_the_results(
    ci: str, ran: Callable[[str], tuple[Path, Ran]]
) -> None:
    project, outcome = ran(ci)
    assert outcome.code == ExitCode.NOT_COMPARABLE, outcome.output
    for name in ("report.md", "report.html"):
        assert (project / "results/quickstart" / name).is_file()
    (comparison,) = project.rglob("comparison.md")
    assert "1 regression" in comparison.read_text()
    assert comparison.with_suffix(".xml").is_file()
    assert COMMENTS[ci] in outcome.calls
    # Once, by the words of the file, and nothing else was fetched.
    assert outcome.calls.count("pip install mcumatrix==") == 1
    assert outcome.calls.count("gcc-arm-none-eabi ") == 1


def test_what_base_and_change_have_in_common_is_built_once(ran: Callable[[str], tuple[Path, Ran]]) -> None:
    project, _ = ran("github")
    of_base, of_both = (
        {path.name: (path / "output").stat().st_mtime_ns for path in folder.glob("libraries/*")}
        for folder in (project / "base/build", project / "build")
    )
    # Platform, runtime and model; a changed runtime is built anew, and so is the model for it.
    assert (len(of_base), len(of_both)) == (3, 5)
    assert of_base.items() < of_both.items()


def test_a_kept_folder_is_what_the_base_begins_with(tmp_path: Path) -> None:
    project = project_with_a_change(tmp_path / "project", "github")
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "mark").touch()
    programs = tmp_path / "programs"
    programs.mkdir()
    ran = run_steps(github(project), project, kept, programs, {"mcumatrix": "exit 0"})
    assert ran.code == 0, ran.output
    assert (project / "base/build/mark").is_file()
    assert (project / "build/mark").is_file()
    assert "The base has no results: nothing is compared." in ran.output


def test_the_job_summary_has_the_comparison_and_the_report(ran: Callable[[str], tuple[Path, Ran]]) -> None:
    project, _ = ran("github")
    summary = (project / "summary.md").read_text()
    assert "not passed" in summary
    assert (project / "results/quickstart/report.md").read_text() in summary


def test_the_action_runs_the_same_scripts_as_the_file_for_github(tmp_path: Path) -> None:
    project = project_with_a_change(tmp_path / "project", "github")
    of_file = [step for step in github(project) if "pip install" not in step.script]
    of_action = [step for step in action(project) if "pip install" not in step.script]
    assert [(step.script, step.restores, step.always) for step in of_action] == [
        (step.script, step.restores, step.always) for step in of_file
    ]
    assert [step.script for step in action(project) if "pip" in step.script] == [
        'pip install "${PACKAGE:-$GITHUB_ACTION_PATH}"'
    ]
    for step, same in zip(of_action, of_file, strict=True):
        needed = {name: value for name, value in same.environment.items() if f"${name}" in step.script}
        assert needed.items() <= step.environment.items()
