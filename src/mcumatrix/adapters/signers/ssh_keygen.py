"""Signatures by SSH keys, as ssh-keygen makes and checks them (ssh-keygen(1), -Y; PROTOCOL.sshsig).

They need no network, and keys that people have. The namespace keeps a signature for something else, such as a
commit, from passing for one of an archive.
"""

import re
import shutil
import subprocess
from pathlib import Path

from mcumatrix.errors import MatrixError, SignatureError, ToolError
from mcumatrix.model.signature import Vouched

NAMESPACE = "mcumatrix"

_TOOL = "ssh-keygen"
_KEY = re.compile(r"with (\S+ key \S+)")


class SshSigner:
    """Signs with an SSH key, and says by whose key a file was signed."""

    ending = ".sig"

    def require(self) -> None:
        """Raises:
        ToolError: ssh-keygen is not there.
        """
        if shutil.which(_TOOL) is None:
            raise ToolError(
                f"{_TOOL} is not on PATH, and signatures are made and checked by it.",
                hint="Install it: apt-get install openssh-client",
            )

    def sign(self, file: Path, key: Path) -> bytes:
        """A detached signature of a file. A passphrase is asked for on the terminal, by ssh-keygen itself.

        Raises:
            ToolError: ssh-keygen is not there, or cannot sign with this key.
            OSError: the file cannot be read.
        """
        made = self._ask(file, "sign", "-q", "-n", NAMESPACE, "-f", str(key))
        if made.returncode != 0:
            raise ToolError(
                f"{file.name} could not be signed with {key}: {_said(made)}",
                hint="Name a private key of ssh-keygen, or a public one whose private key ssh-agent has.",
            )
        return made.stdout

    def vouched(self, file: Path, signature: Path, allowed: Path) -> Vouched:
        """Who of a file of allowed signers has signed a file.

        Raises:
            MatrixError: the file of allowed signers is not there.
            SignatureError: there is no signature, it is wrong, or nobody of them has made it.
            ToolError: ssh-keygen is not there.
            OSError: a file cannot be read.
        """
        if not allowed.is_file():
            raise MatrixError(
                f"there is no file of allowed signers {allowed}",
                hint="A line of it is a name and a public key: ada@example.org ssh-ed25519 AAAA...",
            )
        if not signature.is_file():
            raise SignatureError(
                f"{file.name} is not signed: there is no {signature}",
                hint="`doit archive --sign KEY` makes one.",
            )
        of_it = ("-n", NAMESPACE, "-s", str(signature))
        checked = self._ask(file, "check-novalidate", *of_it)
        key = _KEY.search(checked.stdout.decode(errors="replace"))
        if checked.returncode != 0 or key is None:
            raise SignatureError(
                f"{signature.name} is no signature of {file.name}: {_said(checked)}",
                hint="One of the two was changed, or they do not belong together. Get both once more.",
            )
        found = self._ask(file, "find-principals", "-s", str(signature), "-f", str(allowed))
        if found.returncode != 0:
            raise SignatureError(
                f"{file.name} is signed with the {key[1]}, which is none of {allowed}",
                hint="Whoever knows whose key that is can add it there.",
            )
        principals = found.stdout.decode(errors="replace").splitlines()
        answers = {
            name: self._ask(file, "verify", *of_it, "-I", name, "-f", str(allowed)) for name in principals
        }
        vouching = tuple(name for name, answer in answers.items() if answer.returncode == 0)
        if not vouching:
            said = " ".join(dict.fromkeys(map(_said, answers.values())))
            raise SignatureError(
                f"{file.name} is signed with the {key[1]}, and {allowed} does not allow that: {said}",
                hint=f"Its line there is for something else than {NAMESPACE}, or for another time.",
            )
        return Vouched(vouching, key[1])

    def _ask(self, file: Path, what: str, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        self.require()
        with file.open("rb") as data:
            return subprocess.run(
                [_TOOL, "-Y", what, *arguments], stdin=data, capture_output=True, check=False
            )


def _said(answer: "subprocess.CompletedProcess[bytes]") -> str:
    """Its reason in a line, without the word that it repeats after it."""
    lines = answer.stderr.decode(errors="replace").strip().splitlines()
    return (lines[0].strip().rstrip(".") if lines else f"{_TOOL} ended with {answer.returncode}") + "."
