"""SSH keys for tests of signatures."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def require_ssh_keygen() -> None:
    """Skips a test where there is no ssh-keygen. In CI it fails, for there `./dev test` has installed it."""
    if shutil.which("ssh-keygen") is None:
        reason = "there is no ssh-keygen. To get it and run all tests: ./dev test"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


def make_key(path: Path, passphrase: str = "") -> Path:
    """A private key, with the public one beside it."""
    require_ssh_keygen()
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "test", "-f", path], check=True
    )
    return path


def allow(path: Path, principals: str, key: Path, options: str = "") -> Path:
    """A file of allowed signers with one line."""
    path.write_text(f"{principals} {options} {key.with_suffix('.pub').read_text()}")
    return path
