"""Signatures by Sigstore, checked without a network, against one of the test's own."""

import builtins
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mcumatrix.adapters.signers.sigstore_bundle import SigstoreChecker
from mcumatrix.errors import MatrixError, SignatureError, ToolError
from support.sigstore_world import ISSUER, SigstoreWorld

DATA = b"numbers"
IDENTITY = "ada@example.org"


@pytest.fixture(scope="module")
def world() -> SigstoreWorld:
    return SigstoreWorld()


@pytest.fixture(scope="module")
def bundle(world: SigstoreWorld) -> dict[str, Any]:
    return world.bundle(DATA, IDENTITY)


@pytest.fixture
def checked(tmp_path: Path, world: SigstoreWorld, bundle: dict[str, Any]) -> Callable[..., str]:
    """Who vouches for a file with a bundle beside it, by a trusted root and allowed signers."""

    def check(
        *,
        data: bytes = DATA,
        signed: object = bundle,
        signers: str = f"# ours\n\n{IDENTITY} {ISSUER}\n",
        root: str = world.trusted_root(),
    ) -> str:
        paths = tuple(tmp_path / name for name in ("results.tar.gz", "bundle", "allowed", "root"))
        texts = (data.decode(), json.dumps(signed), signers, root)
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text)
        return str(SigstoreChecker(paths[3]).vouched(*paths[:3]))

    return check


def test_a_bundle_says_who_vouches_and_who_knows_them(checked: Callable[..., str]) -> None:
    assert checked() == f"{IDENTITY} with a certificate by {ISSUER}"


def _edited(bundle: dict[str, Any], *path: str | int, value: object) -> dict[str, Any]:
    """A bundle with another value somewhere in it."""
    copy: dict[str, Any] = json.loads(json.dumps(bundle))
    at: Any = copy
    for key in path[:-1]:
        at = at[key]
    assert at[path[-1]] != value
    at[path[-1]] = value
    return copy


ENTRY = ("verificationMaterial", "tlogEntries", 0)


@pytest.mark.parametrize(
    ("path", "of_other"),
    [
        (("messageSignature", "signature"), True),
        (("verificationMaterial", "certificate"), True),
        ((*ENTRY, "canonicalizedBody"), True),
        ((*ENTRY, "inclusionPromise"), True),
        ((*ENTRY, "inclusionProof", "checkpoint"), True),
        ((*ENTRY, "integratedTime"), "1767322000"),
        ((*ENTRY, "inclusionProof", "hashes"), ["AAAA"]),
    ],
)
def test_nothing_of_a_bundle_can_be_that_of_another_one(
    checked: Callable[..., str],
    world: SigstoreWorld,
    bundle: dict[str, Any],
    path: tuple[str | int, ...],
    of_other: object,
) -> None:
    if of_other is True:
        of_other = world.bundle(b"other numbers", IDENTITY)
        for key in path:
            of_other = of_other[key]  # type: ignore[index]
    with pytest.raises(SignatureError, match=r"^bundle is no signature of results\.tar\.gz: "):
        checked(signed=_edited(bundle, *path, value=of_other))


def test_a_bundle_is_of_the_bytes_that_were_signed_alone(checked: Callable[..., str]) -> None:
    with pytest.raises(SignatureError) as raised:
        checked(data=b"numbers.")
    assert str(raised.value) == (
        "bundle is no signature of results.tar.gz: Bundle message digest mismatch.\n"
        "  One of the two was changed, they do not belong together, or another trusted root is that of its"
        " time."
    )


def test_what_another_sigstore_has_signed_is_not_believed(checked: Callable[..., str]) -> None:
    with pytest.raises(SignatureError, match=r"^bundle is no signature of results\.tar\.gz: "):
        checked(root=SigstoreWorld().trusted_root())


@pytest.mark.parametrize("line", [f"eve@example.org {ISSUER}", f"{IDENTITY} https://eve.example.org", ""])
def test_who_is_not_allowed_is_named(checked: Callable[..., str], tmp_path: Path, line: str) -> None:
    with pytest.raises(SignatureError) as raised:
        checked(signers=line)
    assert str(raised.value) == (
        f"results.tar.gz is signed with a certificate of {IDENTITY}, and {tmp_path / 'allowed'} has no such"
        " line\n"
        "  Whoever knows whose that is can add it there, with the issuer that knows it."
    )


@pytest.mark.parametrize("text", ["", "[]", '{"mediaType": "x"}', '"\\ud800"', "[" * 5_000])
def test_what_is_no_bundle_is_said_to_be_none(checked: Callable[..., str], tmp_path: Path, text: str) -> None:
    checked()
    (tmp_path / "bundle").write_text(text)
    with pytest.raises(SignatureError, match=r"^bundle is no signature of results\.tar\.gz: "):
        SigstoreChecker(tmp_path / "root").vouched(
            tmp_path / "results.tar.gz", tmp_path / "bundle", tmp_path / "allowed"
        )


def test_a_trusted_root_that_is_none_is_named(checked: Callable[..., str], tmp_path: Path) -> None:
    with pytest.raises(MatrixError, match=rf"^{tmp_path / 'root'} is no trusted root: "):
        checked(root="{}")


def test_a_line_that_says_no_issuer_is_named(checked: Callable[..., str], tmp_path: Path) -> None:
    with pytest.raises(MatrixError) as raised:
        checked(signers=f"\n{IDENTITY}\n")
    assert str(raised.value) == (
        f"{tmp_path / 'allowed'}:2: these are not an identity and its issuer\n"
        "  Its lines are an identity and who knows it: ada@example.org https://accounts.example.org"
    )


@pytest.mark.parametrize(
    ("missing", "error", "message"),
    [
        ("bundle", SignatureError, "results.tar.gz is not signed: there is no {path}"),
        ("allowed", MatrixError, "there is no file of allowed signers {path}"),
        ("root", MatrixError, "there is no trusted root {path}"),
    ],
)
def test_a_file_that_is_not_there_is_named(
    checked: Callable[..., str],
    tmp_path: Path,
    missing: str,
    error: type[SignatureError | MatrixError],
    message: str,
) -> None:
    checked()
    (tmp_path / missing).unlink()
    with pytest.raises(error) as raised:
        SigstoreChecker(tmp_path / "root").vouched(
            tmp_path / "results.tar.gz", tmp_path / "bundle", tmp_path / "allowed"
        )
    assert raised.value.message == message.format(path=tmp_path / missing)


def test_without_the_package_it_is_said_what_to_install(
    checked: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = builtins.__import__

    def no_sigstore(name: str, *arguments: Any, **named: Any) -> Any:
        if name.startswith("sigstore"):
            raise ImportError(name)
        return found(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", no_sigstore)
    with pytest.raises(ToolError) as raised:
        checked()
    assert str(raised.value) == (
        "bundle is a bundle of Sigstore, and the package sigstore, which checks it, is not installed.\n"
        "  pip install 'mcumatrix[sigstore]'"
    )
