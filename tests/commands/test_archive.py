"""`doit archive`: one file, the same bytes each time, and any change in it is found and named."""

import gzip
import io
import json
import os
import shutil
import stat
import subprocess
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from mcumatrix import registry
from mcumatrix.artifact import manifest_bytes, write_manifest
from mcumatrix.commands import archive as archiving
from mcumatrix.commands.archive import archive, verify_archive
from mcumatrix.commands.replay import replay_results
from mcumatrix.commands.report import report
from mcumatrix.commands.verify import last_records, verify
from mcumatrix.errors import (
    ChangedResultError,
    ExitCode,
    MatrixError,
    NothingSelectedError,
    ResultError,
    SignatureError,
    StorageError,
    ToolError,
)
from mcumatrix.hashing import hash_bytes
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.matrix.load import find_matrix, load_matrix
from mcumatrix.model.image import Image
from mcumatrix.model.variant import Variant
from mcumatrix.own_code import code_behind
from mcumatrix.project import Project
from mcumatrix.results.archive import SUMS, sums_bytes, write_archive
from mcumatrix.results.chain import FIRST, Link
from mcumatrix.workflow import RENDERERS, REPORTERS
from support.projects import MATRIX, a_project, add_records, forge
from support.signing import allow, make_key
from support.sigstore_world import ISSUER, SigstoreWorld
from support.variants import an_image
from vstm32.board import identity

TOP = "example"


@dataclass(frozen=True)
class Made:
    """A project with two records, their image, and reports; and its archive. Nobody changes either."""

    project: Project
    archive: bytes
    members: Mapping[str, bytes]
    few: Mapping[str, bytes]
    """An archive that is as it was made too, with few of the sources: most tests need no more of them."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Made once: an archive takes the longer part of a second, and so do its hundreds of files."""
    folder = tmp_path_factory.mktemp("archived")
    project = a_project(folder / "project")
    add_records(project, {"reference": 4_320_000, "simd": 2_160_000}, image=_image(project))
    report(project, "example", lambda _line: None)
    path = archive(project, "example", str(folder / "example.tar.gz"), lambda _line: None)
    members = _members(path)
    few = {name: data for name, data in members.items() if name in SOURCES or not _is_source(name)}
    few[SUMS] = _sums_of(few)
    return Made(project, path.read_bytes(), members, few)


@pytest.fixture
def project(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A copy of the project, as it was before it was archived; it is where commands work."""
    copied = Project(shutil.copytree(made.project.root, tmp_path / "project", symlinks=True))
    monkeypatch.chdir(copied.root)
    return copied


@pytest.fixture
def archived(made: Made, tmp_path: Path) -> Path:
    """A copy of the archive."""
    path = tmp_path / "example.tar.gz"
    path.write_bytes(made.archive)
    return path


SOURCES = ("src/mcumatrix/cli/plan.py", "firmware/app/main.c")


def _is_source(name: str) -> bool:
    return name.startswith(("src/", "firmware/")) and not name.startswith("firmware/models/")


def _image(project: Project) -> Image:
    image = an_image()
    folder = project.build / "images" / f"x-{image.build_id[:12]}"
    for name, data in (("output/image.elf", b"\x7fELF"), ("output/.ninja_log", b"1"), ("inputs/lib.a", b"!")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    write_manifest(folder / "output", "a" * 64, ("image.elf",))
    return replace(image, elf_sha256=hash_bytes(b"\x7fELF"))


def _archived(project: Project, output: str = "", name: str = "example") -> tuple[Path, str]:
    lines: list[str] = []
    return archive(project, name, output, lines.append), "\n".join(lines)


def _verified(path: Path) -> tuple[ExitCode, str]:
    lines: list[str] = []
    return verify_archive(path, lines.append), "\n".join(lines)


def _members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {each.name.removeprefix(f"{TOP}/"): tar.extractfile(each).read() for each in tar.getmembers()}  # type: ignore[union-attr]


def _changed(made: Made, path: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    """An archive of few sources in which something was changed."""
    members = dict(made.few)
    change(members)
    return _packed(path, members)


def _packed(path: Path, members: Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(f"{TOP}/{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def _unpacked(path: Path, folder: Path) -> Project:
    """As a person does it; Python before 3.11.4 has no filter for it."""
    folder.mkdir()
    subprocess.run(["tar", "-xzf", path, "-C", folder], check=True)
    return Project(folder / TOP)


def test_the_same_results_give_the_same_bytes_whenever_and_whoever_archives_them(
    made: Made, project: Project
) -> None:
    for file in project.results("example").rglob("*"):
        os.utime(file, (1, 1))
    path, said = _archived(project, "other/example.tar.gz")
    assert "\nother/example.tar.gz: " in said
    first = path.read_bytes()
    assert made.archive == first
    with tarfile.open(path) as tar:
        members = tar.getmembers()
    assert {(each.mtime, each.uid, each.gid, each.uname, each.gname) for each in members} == {
        (315_532_800, 0, 0, "", "")
    }
    assert {stat.S_IMODE(each.mode) for each in members} <= {0o644, 0o755}
    assert first[4:8] == bytes(4), "gzip has a time of its own"


def test_sha256sum_checks_what_was_unpacked(archived: Path, tmp_path: Path) -> None:
    unpacked = _unpacked(archived, tmp_path / "elsewhere")
    check = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    assert subprocess.run(check, cwd=unpacked.root, check=False).returncode == 0
    (unpacked.root / "matrix" / "example.yaml").write_text("axes: {}\n")
    ran = subprocess.run(check, cwd=unpacked.root, check=False, capture_output=True, text=True)
    assert "matrix/example.yaml: FAILED" in ran.stdout


def test_what_was_unpacked_can_be_verified_and_replayed(
    made: Made, archived: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    unpacked = _unpacked(archived, tmp_path / "elsewhere")
    lines: list[str] = []
    assert verify(unpacked, "example", lines.append) is ExitCode.OK, lines
    assert replay_results(unpacked, "example", lines.append) is ExitCode.OK, lines
    assert [str(each) for each in _variants(unpacked)] == [str(each) for each in _variants(made.project)]


def _variants(project: Project) -> tuple[Variant, ...]:
    return load_matrix(find_matrix("example", project.matrices), load_catalogues(project.matrices)).variants


def test_all_that_fingerprints_cover_is_in_it(made: Made) -> None:
    """Of the modules and templates; firmware, models and images are built from it in the whole run."""
    project, members = made.project, made.members
    hashes = {hash_bytes(data) for data in members.values()}
    runtime = registry.runtimes.runtime(_variants(project)[0].runtime, project.firmware, project.templates)
    adapter = type(runtime).__module__
    for name, sha256 in code_behind([*RENDERERS, *REPORTERS, adapter], project.templates).items():
        assert sha256 in hashes, name
    package = Path(identity.__file__).parents[1]
    for file in filter(identity._is_source, package.rglob("*")):
        assert f"src/vstm32/{file.relative_to(package).as_posix()}" in members
    assert not [name for name in members if "__pycache__" in name or name.endswith(".so")]


def test_only_what_the_matrix_names_is_taken_of_the_catalogues(made: Made) -> None:
    members = made.members
    taken = sorted(name for name in members if name.startswith("matrix/"))
    assert taken[:3] == [
        "matrix/boards/virtual-f746.yaml",
        "matrix/example.yaml",
        "matrix/models/mnist-int8.yaml",
    ]
    assert "firmware/models/mnist-int8.tflite" in members
    assert "firmware/models/mnist-uint8.tflite" not in members
    # Its labelled set, by which accuracies in records are worked out again.
    assert {"firmware/models/digits-1000.npz", "firmware/models/golden/mnist-int8-digits.npz"} <= set(members)
    assert any(name.startswith("firmware/chip/stm32f746ng/") for name in members)
    assert not any(name.startswith("firmware/chip/stm32f767zi/") for name in members)


def test_what_a_matrix_only_could_use_is_there_so_that_it_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = MATRIX.replace("runtime: builtin", "runtime: [builtin, tflm-2.4.0]\n  toolchain: arm-gnu-14.2")
    text += """\
exclude:
  - runtime: tflm-2.4.0
    reason: Not yet.
instead:
  - toolchain: arm-gnu-14.2
    use: arm-gnu-13.3
"""
    project = a_project(tmp_path / "project", text)
    monkeypatch.chdir(project.root)
    add_records(project, {"simd": 2_160_000})
    members = _members(_archived(project)[0])
    assert {"matrix/runtimes/tflm-2.4.0.yaml", "matrix/toolchains/arm-gnu-13.3.yaml"} <= set(members)
    assert "matrix/toolchains/arm-gnu-14.2/Dockerfile" in members
    unpacked = _unpacked(project.root / "example.tar.gz", tmp_path / "elsewhere")
    load_matrix(find_matrix("example", unpacked.matrices), load_catalogues(unpacked.matrices))


def test_published_numbers_that_the_matrix_stands_beside_are_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = a_project(tmp_path / "project", MATRIX + "published: [dimtass-2020-04]\n")
    shutil.copytree(Path(__file__).parents[2] / "results" / "published", project.published)
    monkeypatch.chdir(project.root)
    add_records(project, {"simd": 2_160_000})
    assert "results/published/dimtass-2020-04.csv" in _members(_archived(project)[0])


def test_an_image_is_in_it_with_its_inputs_and_nothing_else_of_its_folder(made: Made) -> None:
    folder = f"build/images/x-{an_image().build_id[:12]}"
    found = [name for name in made.members if name.startswith("build/")]
    assert found == [
        f"{folder}/{name}" for name in ("inputs/lib.a", "output/image.elf", "output/manifest.json")
    ]


def test_images_that_are_not_there_any_more_are_left_out_and_named(project: Project) -> None:
    shutil.rmtree(project.build)
    path, said = _archived(project)
    slug = sorted(project.results("example").glob("records/*/"))[0].name
    assert (
        f"The image of {slug} is left out: it is not in build/images any more. "
        "`doit matrix example` builds it again." in said.splitlines()
    )
    assert _verified(path)[0] is ExitCode.OK


def test_nothing_else_at_the_top_of_a_project_is_archived(project: Project) -> None:
    for name in ("dodo.py", "requirements.lock", "id_ed25519", ".env"):
        (project.root / name).write_text("x")
    members = _members(_archived(project)[0])
    assert {"dodo.py", "requirements.lock"} <= set(members)
    assert not {"id_ed25519", ".env"} & set(members)


def test_code_from_elsewhere_is_left_out_and_named_with_where_it_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = MATRIX.replace("runtime: builtin", "runtime: [builtin, tflm-2.4.0]")
    project = a_project(tmp_path / "project", text)
    monkeypatch.chdir(project.root)
    add_records(project, {"simd": 2_160_000})
    _, said = _archived(project)
    assert "The source tensorflow of tflm-2.4.0 is left out: it is fetched from https://" in said
    assert "by its pin." in said


def test_results_that_were_changed_are_refused_and_named(project: Project) -> None:
    (project.results("example") / "report.md").write_text("All is fast.\n")
    lines: list[str] = []
    with pytest.raises(ChangedResultError) as raised:
        archive(project, "example", "", lines.append)
    assert raised.value.message == "the results of example are not archived: they are not as they were made"
    assert raised.value.hint == "Restore what is named above, or make it again: `doit report` makes reports."
    assert lines[0] == "results/example/report.md: it was changed: manifest.json has another hash"
    assert not list(project.root.glob("*.gz"))


def test_there_must_be_results_and_a_name_that_ends_as_archives_do(tmp_path: Path) -> None:
    project = a_project(tmp_path)
    with pytest.raises(NothingSelectedError) as raised:
        _archived(project)
    assert str(raised.value) == "there are no results of example\n  `doit matrix example` makes them."
    with pytest.raises(MatrixError) as wrong:
        _archived(project, "results.zip")
    assert str(wrong.value) == "results.zip is no name for an archive\n  It ends with .tar.gz."
    with pytest.raises(MatrixError, match="there is no matrix 'nothing'"):
        _archived(project, name="nothing")


def test_a_full_disk_is_a_sentence_and_leaves_what_was_there(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project.root / "example.tar.gz"
    path.write_bytes(before := b"What was there before.")

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archiving, "write_archive", full)
    with pytest.raises(StorageError) as raised:
        _archived(project)
    assert raised.value.message == (
        f"The archive example.tar.gz could not be made: {project.root} cannot be used, because its disk is "
        "full. What was there before is as it was."
    )
    assert path.read_bytes() == before
    assert list(project.root.glob(".*.gz")) == []


def test_what_changes_while_it_is_being_archived_keeps_the_archive_from_being_made(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record is kept after the files were listed: the chain has it, and the archive would not."""

    def go_on(file: object, top: str, files: dict[str, Path]) -> None:
        forge(project, last_records(project.results("example"))[0])
        write_archive(file, top, files)  # type: ignore[arg-type]

    monkeypatch.setattr(archiving, "write_archive", go_on)
    with pytest.raises(ResultError) as raised:
        _archived(project)
    assert raised.value.message.startswith("The archive ")
    assert ".json: it was removed; chain.jsonl has it as number 3" in raised.value.message
    assert raised.value.hint == "Something was changed while it was being archived. Run it again."
    assert list(project.root.glob("*.gz")) + list(project.root.glob(".*.gz")) == []


def test_an_archive_as_it_was_made_passes_and_nothing_is_unpacked_here(
    made: Made, archived: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(archived.parent)
    for path, members in ((archived, made.members), (_packed(Path("few.tar.gz"), made.few), made.few)):
        code, said = _verified(path)
        assert code is ExitCode.OK
        assert said == f"{len(members) - 1} files are as they were made."
    assert {each.name for each in archived.parent.iterdir()} == {"example.tar.gz", "few.tar.gz"}


def test_one_changed_byte_in_any_file_of_an_archive_is_found_and_named(made: Made, archived: Path) -> None:
    names = [
        name
        for name, data in made.few.items()
        if data and (name in SOURCES or not name.startswith("firmware/"))
    ]
    assert set(SOURCES) < set(names)
    for name in names:

        def change(members: dict[str, bytes], name: str = name) -> None:
            data = members[name]
            at = len(data) // 2
            members[name] = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]

        code, said = _verified(_changed(made, archived, change))
        assert code is ExitCode.NOT_COMPARABLE, name
        # A changed hash is seen at the file that it is of.
        assert name in said or name == SUMS, name


def test_what_was_added_or_taken_out_is_named(made: Made, archived: Path) -> None:

    def change(members: dict[str, bytes]) -> None:
        del members["matrix/example.yaml"]
        members["matrix/other.yaml"] = b""

    code, said = _verified(_changed(made, archived, change))
    assert code is ExitCode.NOT_COMPARABLE
    assert said.splitlines()[:2] == [
        "matrix/example.yaml: it is missing; SHA256SUMS has it",
        "matrix/other.yaml: it is not in SHA256SUMS, which has every file that was archived",
    ]
    _, said = _verified(_changed(made, archived, lambda members: members.pop(SUMS)))
    assert said.startswith("SHA256SUMS: it is not there, and nothing can be held against it")


def test_a_record_that_was_changed_with_its_hash_in_the_archive_is_found_by_the_chain(
    made: Made, archived: Path
) -> None:
    name = next(name for name in made.few if name.endswith(".json") and "/records/" in name)

    def change(members: dict[str, bytes]) -> None:
        changed = members[name].replace(b"2160000", b"1080000").replace(b"4320000", b"2160000")
        assert changed != members[name]
        _put(members, name, changed)

    code, said = _verified(_changed(made, archived, change))
    assert code is ExitCode.NOT_COMPARABLE
    assert said.startswith(f"{name}: ")
    assert "/tmp" not in said


def _with_right_sums(members: dict[str, bytes]) -> None:
    members[SUMS] = _sums_of(members)


def _sums_of(members: Mapping[str, bytes]) -> bytes:
    return sums_bytes({name: hash_bytes(data) for name, data in members.items() if name != SUMS})


def test_an_archive_without_a_record_is_not_as_it_was_made(made: Made, archived: Path) -> None:
    """Found by fuzzing: reports were all that was looked at."""

    def without_records(members: dict[str, bytes]) -> None:
        for name in [name for name in members if "/records/" in name]:
            del members[name]
        members["results/example/records/chain.jsonl"] = b""
        _with_right_sums(members)

    code, said = _verified(_changed(made, archived, without_records))
    assert code is ExitCode.NOT_COMPARABLE
    assert said.splitlines()[0] == "results: no records are in it"


def test_a_chain_whose_only_line_was_cut_is_named(made: Made, archived: Path) -> None:
    def cut(members: dict[str, bytes]) -> None:
        for name in [name for name in members if "/records/" in name]:
            chain = name.endswith("chain.jsonl") and members[name].partition(b"\n")[0]
            del members[name]
            if chain:
                members[name] = chain
        _with_right_sums(members)

    code, said = _verified(_changed(made, archived, cut))
    assert code is ExitCode.NOT_COMPARABLE
    assert "results/example/records/chain.jsonl: its last line was cut short" in said


def test_a_damaged_or_hostile_archive_is_a_sentence(made: Made, archived: Path, tmp_path: Path) -> None:
    path, whole = archived, made.archive
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ChangedResultError) as raised:
        _verified(path)
    assert raised.value.message.startswith(f"{path} is not as it was made: it is damaged: ")
    assert raised.value.hint == "Get it once more from where it comes from."
    with tarfile.open(path, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo(f"{TOP}/../../evil"))
    with pytest.raises(ChangedResultError, match=r"leads out with '\.\.'"):
        _verified(path)
    path.write_bytes(gzip.compress(bytes(64 * 1024**2)))
    with pytest.raises(ChangedResultError):
        _verified(path)
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("name", ["../../../../../victim", "/victim", "a/../../../victim", "a\0b", ""])
def test_an_archive_whose_hashes_are_right_and_that_names_files_elsewhere_is_refused_untouched(
    made: Made, archived: Path, tmp_path: Path, name: str
) -> None:
    """Of a record without a name yet, whoever reads the chain gives it one: never outside of the results."""
    name = name.replace("/victim", f"{tmp_path}/victim") if name.startswith("/") else name
    (tmp_path / "victim.new").write_bytes(b"{}")

    def of_chain(members: dict[str, bytes]) -> None:
        link = Link(1, name, hash_bytes(b"{}"), FIRST)
        _put(members, "results/example/records/chain.jsonl", link.line() + b"\n")

    def of_manifest(members: dict[str, bytes]) -> None:
        _put(members, "results/example/manifest.json", manifest_bytes("a", {name: hash_bytes(b"{}")}))

    for change, file in ((of_chain, "chain.jsonl"), (of_manifest, "manifest.json")):
        code, said = _verified(_changed(made, archived, change))
        assert code is ExitCode.NOT_COMPARABLE
        assert (
            f"{file}: it is no manifest: it names" in said or f"{file} was changed: line 1 is none of" in said
        )
    assert (tmp_path / "victim.new").exists()


def _put(members: dict[str, bytes], name: str, data: bytes) -> None:
    """Other contents for a file, with the right hash."""
    sums = members[SUMS]
    members[SUMS] = sums.replace(hash_bytes(members[name]).encode(), hash_bytes(data).encode())
    members[name] = data


def test_a_byte_that_was_changed_in_the_file_itself_is_found_wherever_it_is(
    made: Made, archived: Path
) -> None:
    path, whole = archived, made.archive
    # The first ten bytes are gzip's header: time, level and system, which nobody reads.
    for at in (10, len(whole) // 3, len(whole) // 2, len(whole) - 6, len(whole) - 1):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(ChangedResultError):
            _verified(path)


def test_an_archive_that_is_not_there_cannot_be_verified(tmp_path: Path) -> None:
    with pytest.raises(NothingSelectedError) as raised:
        _verified(tmp_path / "no.tar.gz")
    assert raised.value.hint == "`doit archive` makes one."


def test_a_signed_archive_says_who_vouches_for_it(project: Project, tmp_path: Path) -> None:
    key = make_key(tmp_path / "id")
    lines: list[str] = []
    path = archive(project, "example", "", lines.append, key)
    assert lines[-1] == "example.tar.gz.sig: its signature"
    allowed = allow(tmp_path / "allowed", "ada@example.org", key)
    assert verify_archive(path, lines.append, allowed) is ExitCode.OK
    assert lines[-1].startswith("It was signed by ada@example.org with ED25519 key SHA256:")
    # Again, over the signature that is there: ssh-keygen itself would ask.
    assert archiving.sign_archive(path, key).name == "example.tar.gz.sig"


def test_an_archive_that_was_signed_by_sigstore_says_who_vouches_for_it(
    made: Made, archived: Path, tmp_path: Path
) -> None:
    path = _packed(archived, made.few)
    world = SigstoreWorld()
    bundle = world.bundle(path.read_bytes(), "ada@example.org")
    path.with_name("example.tar.gz.sigstore.json").write_text(json.dumps(bundle))
    allowed, root = tmp_path / "allowed", tmp_path / "root.json"
    allowed.write_text(f"ada@example.org {ISSUER}\n")
    root.write_text(world.trusted_root())
    lines: list[str] = []
    assert verify_archive(path, lines.append, allowed, root) is ExitCode.OK
    assert lines[-1] == f"It was signed by ada@example.org with a certificate by {ISSUER}."


def test_nothing_is_unpacked_for_which_nobody_vouches(
    made: Made, archived: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make_key(tmp_path / "id")
    archiving.sign_archive(archived, key)
    path = _changed(made, archived, lambda members: members.pop(SUMS))
    monkeypatch.setattr(archiving, "unpack", lambda *_arguments: pytest.fail("it was unpacked"))
    with pytest.raises(SignatureError, match="is no signature of example"):
        verify_archive(path, lambda _line: None, allow(tmp_path / "allowed", "ada@example.org", key))


def test_without_ssh_keygen_nothing_is_archived_that_was_to_be_signed(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="ssh-keygen is not on PATH"):
        archive(project, "example", "", lambda _line: None, tmp_path / "id")
    assert not (project.root / "example.tar.gz").exists()
