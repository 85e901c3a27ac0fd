"""Provenance of an image in a standard form: an in-toto Statement v1 with SLSA's provenance v1.

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md, https://slsa.dev/spec/v1.0/provenance

It says what the image was made from and by what, so that tools of others can hold that against their rules.
It has no times: the same results give the same bytes. It is not signed by itself; an archive is.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcumatrix.errors import ChangedResultError
from mcumatrix.hashing import hash_file
from mcumatrix.model.origin import FILES_SHA256, ImageOrigin, Material

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:mcumatrix:build:1"
"""Linked from the resolved dependencies by CMake, Ninja and the compiler; raised when that changes."""

ENDING = ".intoto.json"


def statement(origin: ImageOrigin) -> bytes:
    """The statement about the files of an image, as JSON in UTF-8."""
    in_container = bool(origin.compiler.image_id)
    document = {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": sha256}} for name, sha256 in origin.files.items()],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "matrix": origin.matrix,
                    "variant": origin.variant,
                    "settings": dict(origin.settings),
                },
                "internalParameters": {"flags": list(origin.flags), "fingerprint": origin.fingerprint},
                "resolvedDependencies": [*map(_resource, origin.materials), *_compiler(origin)],
            },
            "runDetails": {
                "builder": {
                    "id": f"urn:mcumatrix:builder:{'container' if in_container else 'local'}",
                    "version": {"mcumatrix": origin.made_by},
                },
                "metadata": {"invocationId": origin.build_id},
            },
        },
    }
    return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()


def _resource(material: Material) -> dict[str, object]:
    """A ResourceDescriptor; what is empty is left out."""
    notes = {"kind": material.kind.value, "version": material.version}
    return {
        "name": material.name,
        **({"uri": material.uri} if material.uri else {}),
        **({"digest": {material.algorithm: material.digest}} if material.digest else {}),
        "annotations": {name: text for name, text in notes.items() if text},
    }


def _compiler(origin: ImageOrigin) -> list[dict[str, object]]:
    compiler = origin.compiler
    found: list[dict[str, object]] = [
        {
            "name": "compiler",
            "digest": {FILES_SHA256: compiler.sha256},
            "annotations": {"kind": "compiler", "version": compiler.version},
        }
    ]
    if compiler.image_id:
        algorithm, _, digest = compiler.image_id.partition(":")
        found.append({"name": "container image", "digest": {algorithm: digest}})
    return found


def problem_of_statement(path: Path, root: Path) -> str:
    """What is wrong with a statement about files below `root`; empty if each has the digest that it says."""
    try:
        subjects = _subjects(json.loads(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, RecursionError, ChangedResultError):
        return "it is no in-toto statement with SLSA provenance"
    for name, sha256 in subjects.items():
        file = root / name
        # Names come from strangers: none may lead elsewhere.
        if not file.resolve().is_relative_to(root.resolve()) or not file.is_file():
            return f"it is about {name!a}, which is not there"
        if hash_file(file) != sha256:
            return f"it is about another {name}: that has another SHA-256"
    return ""


def _subjects(document: Mapping[str, Any]) -> dict[str, str]:
    if (document["_type"], document["predicateType"]) != (STATEMENT, PREDICATE) or not document["subject"]:
        raise ChangedResultError("it is another statement")
    return {str(one["name"]): str(one["digest"]["sha256"]) for one in document["subject"]}
