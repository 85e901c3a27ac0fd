"""A whole run in one file: archived, checked, unpacked elsewhere, verified, replayed, and run again there."""

import json
import subprocess
from pathlib import Path

import pytest

from e2e.conftest import TESTED, Workplace
from mcumatrix.errors import ExitCode
from mcumatrix.hashing import hash_file
from mcumatrix.results.archive import write_archive
from support.signing import allow, make_key

NO_TOOLS = "/nowhere"
"""A PATH on which nothing is found."""


@pytest.fixture(scope="module")
def archived(workplace: Workplace) -> Workplace:
    """Two variants that have been measured on units that were tested, in two.tar.gz."""
    workplace.write_matrix("two", TESTED)
    ran = workplace.doit("matrix", "two")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    ran = workplace.doit("archive", "two", PATH=NO_TOOLS)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.startswith("two.tar.gz: ")
    return workplace


@pytest.fixture(scope="module")
def elsewhere(archived: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """Where somebody else has unpacked it, with tar alone."""
    folder = tmp_path_factory.mktemp("elsewhere")
    subprocess.run(["tar", "-xzf", archived.root / "two.tar.gz"], cwd=folder, check=True)
    return Workplace(folder / "two")


def test_it_is_the_same_file_twice_and_passes(archived: Workplace, tmp_path: Path) -> None:
    again = tmp_path / "again.tar.gz"
    ran = archived.doit("archive", "two", "--output", str(again), PATH=NO_TOOLS)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert again.read_bytes() == (archived.root / "two.tar.gz").read_bytes()
    ran = archived.doit("verify", str(again), PATH=NO_TOOLS)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.endswith(" files are as they were made.\n")


def test_a_file_that_was_cut_short_does_not_pass(archived: Workplace, tmp_path: Path) -> None:
    whole = (archived.root / "two.tar.gz").read_bytes()
    (tmp_path / "short.tar.gz").write_bytes(whole[:-1000])
    ran = archived.doit("verify", str(tmp_path / "short.tar.gz"))
    assert ran.returncode == ExitCode.NOT_COMPARABLE
    assert "short.tar.gz is not as it was made: it is damaged" in ran.stderr


def test_who_unpacks_it_can_verify_and_replay_it_without_any_tool(elsewhere: Workplace) -> None:
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=elsewhere.root, check=True)
    for command in ("verify", "replay"):
        ran = elsewhere.doit(command, "two", PATH=NO_TOOLS)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("the same, byte for byte") == 2 + 4 + 2  # records, reports, charts
    assert list(elsewhere.root.glob("build/images/*/output/image.elf"))


def test_what_was_unpacked_is_what_the_results_were_made_from_and_nothing_is_done_again(
    elsewhere: Workplace,
) -> None:
    """Fingerprints cover all that results depend on: if anything were missing, there would be work."""
    ran = elsewhere.doit("plan", "two")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "0 images to build, 0 to run" in ran.stdout


def test_it_can_be_run_again_from_nothing_and_gives_the_same_images(elsewhere: Workplace) -> None:
    images = elsewhere.root / "build" / "images"
    before = {path.relative_to(images): path.read_bytes() for path in images.glob("*/output/image.elf")}
    images.rename(elsewhere.root / "images-before")
    records = elsewhere.root / "results" / "two"
    records.rename(elsewhere.root / "results-before")
    ran = elsewhere.doit("matrix", "two")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert {
        path.relative_to(images): path.read_bytes() for path in images.glob("*/output/image.elf")
    } == before


def test_who_vouches_for_it_is_said_and_a_wrong_signature_is_not_accepted(
    archived: Workplace, tmp_path: Path
) -> None:
    key = make_key(tmp_path / "id")
    path = tmp_path / "signed.tar.gz"
    ran = archived.doit("archive", "two", "--output", str(path), "--sign", str(key))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    allowed = allow(tmp_path / "allowed", "ada@example.org", key)
    ran = archived.doit("verify", str(path), "--signed-by", str(allowed))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "It was signed by ada@example.org with ED25519 key SHA256:" in ran.stdout
    path.write_bytes(path.read_bytes() + b"\n")
    ran = archived.doit("verify", str(path), "--signed-by", str(allowed))
    assert ran.returncode == ExitCode.NOT_COMPARABLE
    assert ran.stderr.startswith("error: signed.tar.gz.sig is no signature of signed.tar.gz: ")
    ran = archived.doit("verify", "two", "--signed-by", str(allowed))
    assert ran.returncode == ExitCode.USAGE
    assert ran.stderr.startswith("error: --signed-by is for archives, and two is none")


def test_each_image_has_provenance_that_names_every_file_that_went_into_it(elsewhere: Workplace) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    folder = elsewhere.root / "provenance"
    statements = sorted(folder.glob("*.intoto.json"))
    assert len(statements) == len(list(folder.glob("*.cdx.json"))) == 2
    for path in statements:
        document = json.loads(path.read_bytes())
        for subject in document["subject"]:
            assert hash_file(elsewhere.root / subject["name"]) == subject["digest"]["sha256"]
        used = document["predicate"]["buildDefinition"]["resolvedDependencies"]
        files = {one["name"]: one["digest"]["sha256"] for one in used if "sha256" in one.get("digest", {})}
        assert {
            "firmware/app/main.c",
            "firmware/chip/stm32f746ng/memory.ld",
            "firmware/runtime/builtin/runtime.c",
            "src/mcumatrix/stages/render.py",
            "templates/wire.h.j2",
        } <= files.keys()
        assert any(name.endswith("mnist-int8.tflite") for name in files)
        for name, sha256 in files.items():
            assert hash_file(elsewhere.root / name) == sha256
        bill = path.with_name(path.name.replace(".intoto.json", ".cdx.json")).read_text()
        assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill) is None
        named = {component["name"] for component in json.loads(bill)["components"]}
        assert named >= files.keys() | {"gcc-arm-none-eabi", "libnewlib-arm-none-eabi"}


def test_a_statement_about_another_image_is_found_though_every_hash_is_right(
    archived: Workplace, tmp_path: Path
) -> None:
    subprocess.run(["tar", "-xzf", archived.root / "two.tar.gz"], cwd=tmp_path, check=True)
    tree = tmp_path / "two"
    path = next((tree / "provenance").glob("*.intoto.json"))
    document = json.loads(path.read_bytes())
    document["subject"][0]["digest"]["sha256"] = "0" * 64
    path.write_text(json.dumps(document))
    lines = (tree / "SHA256SUMS").read_text().splitlines()
    changed = tmp_path / "changed.tar.gz"
    with changed.open("wb") as file:
        write_archive(file, "two", {line[66:]: tree / line[66:] for line in lines})
    ran = archived.doit("verify", str(changed), PATH=NO_TOOLS)
    assert ran.returncode == ExitCode.NOT_COMPARABLE, ran.stdout + ran.stderr
    assert f"provenance/{path.name}: it is about another build/images/" in ran.stdout
