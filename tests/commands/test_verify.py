"""`doit verify`: one changed byte is found, and its file is named."""

import hashlib
from pathlib import Path

import pytest

from mcumatrix.artifact import write_manifest
from mcumatrix.commands.report import report
from mcumatrix.commands.verify import verify
from mcumatrix.errors import ExitCode, NothingSelectedError
from mcumatrix.model.inputs import Inputs
from mcumatrix.project import Project
from mcumatrix.results.inputs import InputsStore
from mcumatrix.results.verification import check_images
from support.projects import a_project, add_records
from support.variants import an_image


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = a_project(tmp_path)
    add_records(project, {"reference": 4_320_000, "simd": 2_160_000}, image=_image(project))
    InputsStore(project.results("example") / "inputs").keep([Inputs("image", {"flags": ["-O2"]})])
    report(project, "example", lambda _line: None)
    return project


def _image(project: Project) -> object:
    """An image whose ELF file is where builds leave it."""
    from dataclasses import replace

    image = an_image()
    folder = project.build / "images" / f"x-{image.build_id[:12]}" / "output"
    folder.mkdir(parents=True)
    (folder / "image.elf").write_bytes(b"\x7fELF")
    (folder / "image.bin").write_bytes(b"code")
    write_manifest(folder, "a" * 64, ("image.elf", "image.bin"))
    return replace(image, elf_sha256=hashlib.sha256(b"\x7fELF").hexdigest())


def _said(project: Project, name: str = "example") -> tuple[ExitCode, str]:
    lines: list[str] = []
    return verify(project, name, lines.append), "\n".join(lines)


def _files(project: Project) -> list[Path]:
    """All results and images; what is kept beside them to save time is no result."""
    return sorted(
        path
        for folder in (project.results("example"), project.build / "images")
        for path in folder.rglob("*")
        if path.is_file()
    )


def test_what_is_as_it_was_made_passes(project: Project) -> None:
    code, said = _said(project)
    assert code is ExitCode.OK
    assert said == f"{len(_files(project))} files are as they were made."


def test_one_changed_byte_in_any_file_is_found_and_named(project: Project) -> None:
    """Each file, at its start, in its middle and at its end."""
    for path in _files(project):
        whole = path.read_bytes()
        for at in (0, len(whole) // 2, len(whole) - 2):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            code, said = _said(project)
            assert code is ExitCode.NOT_COMPARABLE, f"{path} at {at}"
            # A changed hash may be seen at the file that it is of.
            if path.name not in ("chain.jsonl", "manifest.json"):
                assert path.name in said
            path.write_bytes(whole)
    assert _said(project)[0] is ExitCode.OK


def test_what_was_removed_or_put_there_is_named(project: Project) -> None:
    records = project.results("example") / "records"
    first, second = sorted(records.rglob("*.json"))
    (first.parent / "other.json").write_bytes(second.read_bytes())
    second.unlink()
    _, said = _said(project)
    assert "other.json: it is not in chain.jsonl, which has every record that was kept" in said
    assert f"{second.name}: it was removed; chain.jsonl has it as number" in said


def test_a_line_that_was_taken_out_of_the_chain_leaves_its_record_without_one(project: Project) -> None:
    chain = project.results("example") / "records" / "chain.jsonl"
    chain.write_bytes(b"".join(chain.read_bytes().splitlines(keepends=True)[:1]))
    assert "it is not in chain.jsonl" in _said(project)[1]


def test_an_image_that_was_built_from_something_else_is_not_the_one_of_the_record(project: Project) -> None:
    folder = next((project.build / "images").glob("*/output"))
    (folder / "image.elf").write_bytes(b"\x7fELf")
    write_manifest(folder, "a" * 64, ("image.elf", "image.bin"))
    assert "image.elf: it is not the image that its record was made with" in _said(project)[1]


def test_a_folder_of_somebody_else_can_be_verified(project: Project) -> None:
    assert _said(project, str(project.results("example")))[0] is ExitCode.OK


def test_nothing_cannot_be_verified(project: Project) -> None:
    with pytest.raises(NothingSelectedError) as raised:
        _said(project, "nothing")
    assert raised.value.hint == "`doit matrix nothing` makes them."


@pytest.mark.parametrize("build_id", ["**", "../..", "", "a\0"])
def test_a_build_id_that_is_none_finds_no_image(project: Project, build_id: str) -> None:
    """Results come from strangers too."""
    assert list(check_images(project.build / "images", {build_id: "a" * 64})) == []
