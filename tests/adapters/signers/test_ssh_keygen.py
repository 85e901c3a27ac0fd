"""Signatures by SSH keys, by the real ssh-keygen."""

import subprocess
from pathlib import Path

import pytest

from mcumatrix.adapters.signers.ssh_keygen import SshSigner
from mcumatrix.errors import ExitCode, MatrixError, SignatureError, ToolError
from support.signing import allow, make_key

ADA = "ada@example.org"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return make_key(tmp_path / "id")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "results.tar.gz"
    path.write_bytes(b"numbers")
    return path


@pytest.fixture
def signature(file: Path, key: Path) -> Path:
    path = file.with_name("results.tar.gz.sig")
    path.write_bytes(SshSigner().sign(file, key))
    return path


def _fingerprint(key: Path) -> str:
    said = subprocess.run(["ssh-keygen", "-l", "-f", key], capture_output=True, text=True, check=True).stdout
    return f"ED25519 key {said.split()[1]}"


def _refused(file: Path, signature: Path, allowed: Path) -> SignatureError:
    with pytest.raises(SignatureError) as raised:
        SshSigner().vouched(file, signature, allowed)
    assert raised.value.exit_code is ExitCode.NOT_COMPARABLE
    return raised.value


def test_who_signed_a_file_is_named_with_the_key(file: Path, signature: Path, key: Path) -> None:
    found = SshSigner().vouched(file, signature, allow(file.with_name("allowed"), ADA, key))
    assert str(found) == f"{ADA} with {_fingerprint(key)}"


def test_each_name_of_a_key_is_named(file: Path, signature: Path, key: Path) -> None:
    allowed = allow(file.with_name("allowed"), f"{ADA},*@lab.example.org", key)
    assert SshSigner().vouched(file, signature, allowed).principals == (ADA, "*@lab.example.org")


def test_a_file_that_was_changed_since_is_not_vouched_for(file: Path, signature: Path, key: Path) -> None:
    file.write_bytes(b"Numbers")
    error = _refused(file, signature, allow(file.with_name("allowed"), ADA, key))
    assert error.message == (
        "results.tar.gz.sig is no signature of results.tar.gz: "
        "Signature verification failed: incorrect signature."
    )
    assert error.hint == "One of the two was changed, or they do not belong together. Get both once more."


@pytest.mark.parametrize("data", [b"", b"\x00\xff", b"-----BEGIN SSH SIGNATURE-----\nAAAA\n"])
def test_what_is_no_signature_is_said_to_be_none(file: Path, signature: Path, key: Path, data: bytes) -> None:
    signature.write_bytes(data)
    error = _refused(file, signature, allow(file.with_name("allowed"), ADA, key))
    assert error.message.startswith("results.tar.gz.sig is no signature of results.tar.gz: ")


def test_a_key_of_nobody_known_does_not_count(file: Path, signature: Path, key: Path, tmp_path: Path) -> None:
    allowed = allow(tmp_path / "allowed", ADA, make_key(tmp_path / "other"))
    error = _refused(file, signature, allowed)
    assert (
        error.message == f"results.tar.gz is signed with the {_fingerprint(key)}, which is none of {allowed}"
    )
    assert error.hint == "Whoever knows whose key that is can add it there."


@pytest.mark.parametrize("options", ['namespaces="git"', 'valid-before="20200101"'])
def test_a_key_that_is_for_something_else_or_another_time_does_not_count(
    file: Path, signature: Path, key: Path, options: str
) -> None:
    allowed = allow(file.with_name("allowed"), ADA, key, options)
    error = _refused(file, signature, allowed)
    assert error.message.startswith(f"results.tar.gz is signed with the {_fingerprint(key)}, ")


def test_a_signature_for_something_else_does_not_count(file: Path, signature: Path, key: Path) -> None:
    with file.open("rb") as data:
        made = subprocess.run(
            ["ssh-keygen", "-Y", "sign", "-q", "-n", "git", "-f", key],
            stdin=data,
            capture_output=True,
            check=True,
        )
    signature.write_bytes(made.stdout)
    error = _refused(file, signature, allow(file.with_name("allowed"), ADA, key))
    assert error.message.startswith("results.tar.gz.sig is no signature of results.tar.gz: ")


def test_a_signature_or_a_list_of_signers_that_is_not_there_is_a_sentence(
    file: Path, key: Path, tmp_path: Path
) -> None:
    signature, allowed = tmp_path / "no.sig", tmp_path / "allowed"
    with pytest.raises(MatrixError) as raised:
        SshSigner().vouched(file, signature, allowed)
    assert str(raised.value) == (
        f"there is no file of allowed signers {allowed}\n"
        "  A line of it is a name and a public key: ada@example.org ssh-ed25519 AAAA..."
    )
    error = _refused(file, signature, allow(allowed, ADA, key))
    assert str(error) == (
        f"results.tar.gz is not signed: there is no {signature}\n  `doit archive --sign KEY` makes one."
    )


def test_a_key_that_is_not_there_is_a_sentence(file: Path, key: Path, tmp_path: Path) -> None:
    with pytest.raises(ToolError) as raised:
        SshSigner().sign(file, tmp_path / "none")
    assert raised.value.message == (
        f"results.tar.gz could not be signed with {tmp_path}/none: "
        f"Couldn't load public key {tmp_path}/none: No such file or directory."
    )
    assert raised.value.hint == (
        "Name a private key of ssh-keygen, or a public one whose private key ssh-agent has."
    )


def test_without_ssh_keygen_the_package_is_named(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError) as raised:
        SshSigner().sign(file, tmp_path / "id")
    assert str(raised.value) == (
        "ssh-keygen is not on PATH, and signatures are made and checked by it.\n"
        "  Install it: apt-get install openssh-client"
    )
    assert raised.value.exit_code is ExitCode.ENVIRONMENT
