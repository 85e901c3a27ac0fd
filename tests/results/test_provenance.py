"""Where images come from, in forms that tools of others read: here by the libraries of their makers."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mcumatrix.hashing import hash_bytes
from mcumatrix.model.image import ToolchainIdentity
from mcumatrix.model.origin import FILES_SHA256, ImageOrigin, Material, MaterialKind
from mcumatrix.results.provenance import problem_of_statement, statement
from mcumatrix.results.sbom import bill_of_materials

ELF = b"\x7fELF"
ORIGIN = ImageOrigin(
    variant="tflm_cmsis-nn_216MHz",
    matrix="blog",
    build_id="0123456789abcdef",
    fingerprint="0123456789abcdef" * 4,
    files={"build/images/a/output/image.elf": hash_bytes(ELF), "build/images/a/output/image.bin": "b" * 64},
    settings={"runtime": "tflm", "clock": "216 MHz"},
    flags=("-O2", "-DNDEBUG"),
    compiler=ToolchainIdentity("arm-none-eabi-gcc 12.2.1", "c" * 64, f"sha256:{'d' * 64}"),
    materials=(
        Material(MaterialKind.SOURCE, "firmware/app/main.c", "sha256", "1" * 64),
        Material(MaterialKind.GENERATOR, "templates/wire.h.j2", "sha256", "2" * 64),
        Material(MaterialKind.MODEL, "firmware/models/mnist.tflite", "sha256", "3" * 64),
        Material(MaterialKind.DATA, "firmware/models/digits.idx2-ubyte", "sha256", "4" * 64),
        Material(MaterialKind.TREE, "tensorflow", FILES_SHA256, "5" * 64),
        Material(MaterialKind.LIBRARY, "cmsis", "md5", "6" * 32, uri="https://example.org/cmsis.zip"),
        Material(
            MaterialKind.LIBRARY, "tflm", "gitCommit", "7" * 40, uri="https://example.org/t", version="main"
        ),
        Material(MaterialKind.PACKAGE, "libstdc++-arm-none-eabi-newlib", version="15:12.2.rel1-1+23"),
    ),
    made_by="0.1.0",
)


def test_a_statement_is_one_of_in_toto_with_the_provenance_of_slsa() -> None:
    """Fields that the two do not have are errors to their parsers."""
    from google.protobuf import json_format
    from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance
    from in_toto_attestation.v1.statement import Statement
    from in_toto_attestation.v1.statement_pb2 import Statement as Message

    document = json.loads(statement(ORIGIN))
    message = json_format.ParseDict(document, Message())
    Statement.copy_from_pb(message).validate()
    provenance = json_format.ParseDict(document["predicate"], Provenance())
    assert provenance.build_definition.build_type == "urn:mcumatrix:build:1"
    assert provenance.run_details.builder.id == "urn:mcumatrix:builder:container"
    found = {one.name: dict(one.digest) for one in provenance.build_definition.resolved_dependencies}
    assert found["firmware/app/main.c"] == {"sha256": "1" * 64}
    assert found["cmsis"] == {"md5": "6" * 32}
    assert found["tflm"] == {"gitCommit": "7" * 40}
    assert found["compiler"] == {FILES_SHA256: "c" * 64}
    assert found["container image"] == {"sha256": "d" * 64}
    assert [subject.name for subject in message.subject] == list(ORIGIN.files)


def test_a_compiler_on_path_is_said_so() -> None:
    local = replace(ORIGIN, compiler=replace(ORIGIN.compiler, image_id=""))
    predicate = json.loads(statement(local))["predicate"]
    assert predicate["runDetails"]["builder"]["id"] == "urn:mcumatrix:builder:local"
    assert "container image" not in str(predicate)


def test_a_bill_of_materials_keeps_to_the_strict_schema_of_cyclonedx() -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = bill_of_materials(ORIGIN).decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    broken = text.replace('"machine-learning-model"', '"model"')
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(broken) is not None


def test_every_material_is_a_component_with_what_is_known_of_it() -> None:
    from packageurl import PackageURL

    document = json.loads(bill_of_materials(ORIGIN))
    components = {component["name"]: component for component in document["components"]}
    assert list(components) == [material.name for material in ORIGIN.materials]
    assert components["firmware/app/main.c"]["hashes"] == [{"alg": "SHA-256", "content": "1" * 64}]
    assert components["cmsis"]["externalReferences"] == [
        {"type": "distribution", "url": "https://example.org/cmsis.zip"}
    ]
    assert components["tflm"]["externalReferences"][0]["type"] == "vcs"
    assert {"name": f"urn:mcumatrix:{FILES_SHA256}", "value": "5" * 64} in components["tensorflow"][
        "properties"
    ]
    package = PackageURL.from_string(components["libstdc++-arm-none-eabi-newlib"]["purl"])
    assert (package.name, package.version) == ("libstdc++-arm-none-eabi-newlib", "15:12.2.rel1-1+23")
    assert document["metadata"]["component"]["hashes"][0]["content"] == hash_bytes(ELF)
    (depends,) = document["dependencies"]
    assert len(depends["dependsOn"]) == len(ORIGIN.materials)


def test_the_same_image_has_the_same_bytes_and_another_one_another_serial_number() -> None:
    assert bill_of_materials(ORIGIN) == bill_of_materials(replace(ORIGIN))
    assert statement(ORIGIN) == statement(replace(ORIGIN))
    numbers = {
        json.loads(bill_of_materials(one))["serialNumber"] for one in (ORIGIN, replace(ORIGIN, materials=()))
    }
    assert len(numbers) == 2


def _kept(tmp_path: Path, data: bytes, elf: bytes = ELF) -> str:
    for name, contents in zip(ORIGIN.files, (elf, b"bin"), strict=True):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(contents)
    path = tmp_path / "a.intoto.json"
    path.write_bytes(data)
    return problem_of_statement(path, tmp_path)


def test_a_statement_is_held_against_the_files_that_it_is_about(tmp_path: Path) -> None:
    elf, binary = ORIGIN.files
    good = replace(ORIGIN, files={elf: hash_bytes(ELF), binary: hash_bytes(b"bin")})
    assert _kept(tmp_path, statement(good)) == ""
    assert (
        _kept(tmp_path, statement(good), b"other") == f"it is about another {elf}: that has another SHA-256"
    )
    gone = replace(good, files={"build/images/b/output/image.elf": "e" * 64})
    assert _kept(tmp_path, statement(gone)).endswith("image.elf', which is not there")


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname"])
def test_a_statement_about_files_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "outside").write_bytes(b"x")
    inside = tmp_path / "inside"
    inside.mkdir()
    said = _kept(inside, statement(replace(ORIGIN, files={name: hash_bytes(b"x")})))
    assert said == f"it is about {name!r}, which is not there"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        statement(ORIGIN).replace(b"provenance/v1", b"provenance/v2"),
        statement(replace(ORIGIN, files={})),
        b"[" * 100_000,
    ],
)
def test_what_is_no_statement_is_said_so(tmp_path: Path, data: bytes) -> None:
    assert _kept(tmp_path, data) == "it is no in-toto statement with SLSA provenance"
