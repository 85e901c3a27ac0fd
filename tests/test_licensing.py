"""Who holds the rights in which file is said for each of them, and so is how the whole is cited."""

import os
import subprocess
import sys
from pathlib import Path

from tools.release.texts import project_version

ROOT = Path(__file__).parents[1]


def checked(program: str, *arguments: str) -> None:
    # python-magic needs a library of the machine; charset-normalizer needs none.
    ran = subprocess.run(
        [Path(sys.executable).with_name(program), *arguments],
        cwd=ROOT,
        env=os.environ | {"REUSE_ENCODING_MODULE": "charset_normalizer"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_each_file_has_a_licence_as_reuse_has_it() -> None:
    checked("reuse", "lint", "--quiet")


def test_the_licence_at_the_top_is_the_one_that_files_name() -> None:
    assert (ROOT / "LICENSE").read_bytes() == (ROOT / "LICENSES/Apache-2.0.txt").read_bytes()


def test_the_citation_is_as_its_schema_has_it_and_names_the_present_version() -> None:
    checked("check-jsonschema", "--builtin-schema", "vendor.citation-file-format", "CITATION.cff")
    version = project_version((ROOT / "pyproject.toml").read_text())
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text()
