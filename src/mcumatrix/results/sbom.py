"""What went into an image as a software bill of materials: CycloneDX 1.6 in JSON.

https://cyclonedx.org/docs/1.6/json/. It has no time, and its serial number is made from its contents: the
same results give the same bytes.
"""

import json
import uuid
from collections.abc import Iterator
from urllib.parse import quote

from mcumatrix.model.origin import ImageOrigin, Material, MaterialKind

ENDING = ".cdx.json"

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:mcumatrix:sbom:1")

_IMAGE = "image"

_TYPES = {
    MaterialKind.SOURCE: "file",
    MaterialKind.GENERATOR: "file",
    MaterialKind.DATA: "data",
    MaterialKind.MODEL: "machine-learning-model",
    MaterialKind.LIBRARY: "library",
    MaterialKind.TREE: "library",
    MaterialKind.PACKAGE: "library",
}

_HASHES = {"sha256": "SHA-256", "md5": "MD5"}
"""The algorithms that CycloneDX knows, by what in-toto calls them; other digests are properties."""

_PROPERTY = "urn:mcumatrix"


def bill_of_materials(origin: ImageOrigin) -> bytes:
    """The bill of an image, as JSON in UTF-8."""
    components = [_component(f"material-{n}", one) for n, one in enumerate(origin.materials, 1)]
    elf, *_ = origin.files.items()
    document: dict[str, object] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "tools": {
                "components": [
                    {"type": "application", "name": "mcumatrix", "version": origin.made_by},
                    {
                        "type": "application",
                        "name": "arm-none-eabi-gcc",
                        "version": origin.compiler.version,
                        "properties": _properties(files_sha256=origin.compiler.sha256),
                    },
                ]
            },
            "component": {
                "type": "firmware",
                "bom-ref": _IMAGE,
                "name": origin.variant,
                "version": origin.build_id,
                "hashes": [{"alg": "SHA-256", "content": elf[1]}],
                "properties": _properties(file=elf[0], fingerprint=origin.fingerprint, matrix=origin.matrix),
            },
        },
        "components": components,
        "dependencies": [{"ref": _IMAGE, "dependsOn": [component["bom-ref"] for component in components]}],
    }
    contents = json.dumps(document, sort_keys=True)
    document["serialNumber"] = uuid.uuid5(_NAMESPACE, contents).urn
    return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()


def _component(reference: str, material: Material) -> dict[str, object]:
    """What is empty is left out."""
    fields = dict(_fields(material))
    return {
        "bom-ref": reference,
        "type": _TYPES[material.kind],
        "name": material.name,
        **fields,
    }


def _fields(material: Material) -> Iterator[tuple[str, object]]:
    if material.version:
        yield "version", material.version
    if material.kind is MaterialKind.PACKAGE:
        yield "purl", f"pkg:deb/debian/{quote(material.name)}@{quote(material.version, safe=':')}"
    known = _HASHES.get(material.algorithm)
    if known:
        yield "hashes", [{"alg": known, "content": material.digest}]
    if material.uri:
        kind = "vcs" if material.algorithm == "gitCommit" else "distribution"
        yield "externalReferences", [{"type": kind, "url": material.uri}]
    others = {"kind": material.kind.value}
    if material.digest and not known:
        others[material.algorithm] = material.digest
    yield "properties", _properties(**others)


def _properties(**values: str) -> list[dict[str, str]]:
    return [{"name": f"{_PROPERTY}:{name}", "value": text} for name, text in values.items()]
