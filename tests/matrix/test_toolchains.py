"""Toolchains as data."""

import re
from pathlib import Path

import pytest

from mcumatrix.errors import MatrixError
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.model.catalogue import Archive, Toolchain

PROJECT = Path(__file__).parents[2]
OTHERS = {
    "boards/lab.yaml": "kind: virtual\nfirmware_board: stm32f746g_disco\ntarget: stm32f746xg\n",
    "runtimes/builtin.yaml": "adapter: builtin\nkernels: [simd]\nelements: [int8]\n",
    "models/small.yaml": "element: int8\nfile: a\ngolden: b\ndigits: c\ndigit_label: 7\n",
}
URL = "https://example.org/gcc/gcc-9.2.1.tar.xz"
SHA256 = "0123456789abcdef" * 4


def _load(root: Path, text: str) -> Toolchain:
    for name, content in (OTHERS | {"toolchains/gcc.yaml": text}).items():
        path = root / "matrix" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return load_catalogues(root / "matrix").toolchains["gcc"]


def test_a_toolchain_has_a_version_a_dockerfile_and_an_archive(tmp_path: Path) -> None:
    text = (
        "prefix: arm-none-eabi-\nversion: 9.2.1\ndockerfile: matrix/toolchains/gcc/Dockerfile\n"
        f"archive:\n  url: {URL}\n  sha256: {SHA256}\n"
    )
    dockerfile = tmp_path / "matrix/toolchains/gcc/Dockerfile"
    toolchain = _load(tmp_path, text)
    assert toolchain == Toolchain("gcc", "arm-none-eabi-", "9.2.1", dockerfile, Archive(URL, SHA256))
    assert toolchain.archive is not None
    assert toolchain.archive.file_name == "gcc-9.2.1.tar.xz"


WRONG = {
    "a version that gcc never answers": (
        "prefix: x-\nversion: 12.2\n",
        "2:10: version cannot be '12.2': it is not a version of gcc\n"
        "  Write what gcc -dumpfullversion answers, as 12.2.1.",
    ),
    "a Dockerfile out of the project": (
        "prefix: x-\nversion: 9.2.1\ndockerfile: ../Dockerfile\n",
        "3:13: dockerfile cannot be '../Dockerfile': it is not a path below the project\n"
        "  Write it as in 'firmware/models/x.tflite'.",
    ),
    "a Dockerfile without a version": (
        "prefix: x-\ndockerfile: Dockerfile\n",
        "2:1: a toolchain with a Dockerfile has one version, and the key version is missing\n"
        "  Add what its gcc answers to -dumpfullversion, or its clang to -dumpversion.",
    ),
    "an archive that nothing copies": (
        f"prefix: x-\narchive: {{url: '{URL}', sha256: {SHA256}}}\n",
        "2:1: an archive is for a Dockerfile to copy from, and the key dockerfile is missing\n"
        "  Add the key dockerfile, or remove archive.",
    ),
    "an archive without its digest": (
        f"prefix: x-\narchive:\n  url: {URL}\n",
        "2:1: the key 'sha256' is missing in archive\n  SHA-256 of the archive.",
    ),
    "an archive without encryption": (
        f"prefix: x-\narchive:\n  url: http://example.org/x.tar.xz\n  sha256: {SHA256}\n",
        "3:8: archive.url cannot be 'http://example.org/x.tar.xz': it is not a https URL of a file\n"
        "  Write it as in 'https://host/path/name.tar.xz'.",
    ),
    "an archive with a password": (
        f"prefix: x-\narchive:\n  url: https://me:key@example.org/x.tar.xz\n  sha256: {SHA256}\n",
        "3:8: archive.url cannot be 'https://me:key@example.org/x.tar.xz': "
        "it is not a https URL of a file\n"
        "  Write it as in 'https://host/path/name.tar.xz'.",
    ),
    "a digest that is cut": (
        f"prefix: x-\narchive:\n  url: {URL}\n  sha256: {SHA256[:-1]}\n",
        f"4:11: archive.sha256 cannot be '{SHA256[:57]}...': it is not a SHA-256\n"
        "  Write its 64 hexadecimal digits in lower case.",
    ),
    "a Debian by its number": (
        "prefix: x-\nsuite: 13\n",
        "2:8: suite cannot be '13': it is not the code name of a Debian\n"
        "  Write it as Debian does, such as bookworm.",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_toolchain_is_named_with_its_place(tmp_path: Path, case: str) -> None:
    text, message = WRONG[case]
    with pytest.raises(MatrixError) as caught:
        _load(tmp_path, text)
    assert str(caught.value) == f"{tmp_path}/matrix/toolchains/gcc.yaml:{message}"


@pytest.mark.parametrize(
    "key", ["privileged", "devices", "volumes", "network_mode", "cap_add", "security_opt"]
)
def test_nothing_about_containers_can_be_asked_for(tmp_path: Path, key: str) -> None:
    with pytest.raises(MatrixError, match=f"unknown key '{key}'"):
        _load(tmp_path, f"prefix: x-\n{key}: true\n")


def test_the_projects_own_toolchains_are_pinned_and_have_a_dockerfile_each() -> None:
    toolchains = load_catalogues(PROJECT / "matrix").toolchains
    assert toolchains.pop("path") == Toolchain("path", "arm-none-eabi-")
    for toolchain in toolchains.values():
        assert toolchain.dockerfile is not None
        text = toolchain.dockerfile.read_text()
        assert re.search(r"^ARG BASE\nFROM \$\{BASE\}$", text, re.MULTILINE)
        if toolchain.archive:
            assert "COPY toolchain " in text
        else:
            for package in ("binutils", "gcc", "libnewlib", "libstdc[+][+]"):
                assert re.search(rf"^ +{package}-arm-none-eabi[a-z-]*=\S+ \\$", text, re.MULTILINE), package
