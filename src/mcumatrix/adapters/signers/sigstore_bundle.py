"""Signatures by Sigstore: a certificate of some minutes for an identity, and a log that has the signature.

The bundle beside a file has all that proves it, so that no network is needed: the certificate, the proof that
the log has it, and the time. What certificates and logs are believed is in a trusted root
(https://github.com/sigstore/protobuf-specs, sigstore_trustroot.proto), which whoever checks has to get from
somebody they trust.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mcumatrix.errors import MatrixError, SignatureError, ToolError
from mcumatrix.hashing import hash_file
from mcumatrix.model.signature import Vouched

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_SIGNERS = "Its lines are an identity and who knows it: ada@example.org https://accounts.example.org"


@dataclass(frozen=True, slots=True)
class Signer:
    """An identity, as in `ada@example.org` or the address of a workflow, and the issuer that knows it."""

    identity: str
    issuer: str


class SigstoreChecker:
    """Says who has signed a file, by a trusted root."""

    ending = ".sigstore.json"
    """As `sigstore sign` has it."""

    def __init__(self, trusted_root: Path) -> None:
        self._trusted_root = trusted_root

    def vouched(self, file: Path, signature: Path, allowed: Path) -> Vouched:
        """Who of a file of allowed signers has signed a file.

        Raises:
            MatrixError: the trusted root or the allowed signers are not there, or not what they must be.
            SignatureError: there is no bundle, it is wrong, or nobody of them has made it.
            ToolError: the package sigstore is not there.
            OSError: a file cannot be read.
        """
        signers = read_signers(allowed)
        if not signature.is_file():
            raise SignatureError(
                f"{file.name} is not signed: there is no {signature}",
                hint=f"`sigstore sign {file.name}` makes one, where there is a network.",
            )
        try:
            from sigstore.errors import Error
            from sigstore.hashes import Hashed
            from sigstore.models import Bundle
            from sigstore_models.common.v1 import HashAlgorithm
        except ImportError as error:
            raise ToolError(
                f"{signature.name} is a bundle of Sigstore, and the package sigstore, which checks it, is not"
                " installed.",
                hint="pip install 'mcumatrix[sigstore]'",
            ) from error
        verifier = self._verifier()
        contents = Hashed(algorithm=HashAlgorithm.SHA2_256, digest=bytes.fromhex(hash_file(file)))
        policy = _OneOf(file, allowed, signers)
        try:
            bundle = Bundle.from_json(signature.read_bytes())
            verifier(contents, bundle, policy)
        except (Error, ValueError) as error:
            raise SignatureError(
                f"{signature.name} is no signature of {file.name}: {_line(error)}.",
                hint="One of the two was changed, they do not belong together, or another trusted root is"
                " that of its time.",
            ) from error
        return Vouched(
            tuple(dict.fromkeys(one.identity for one in policy.matching)),
            f"a certificate by {' and '.join(dict.fromkeys(one.issuer for one in policy.matching))}",
        )

    def _verifier(self) -> Callable[..., None]:
        from sigstore.errors import Error
        from sigstore.models import TrustedRoot
        from sigstore.verify import Verifier

        if not self._trusted_root.is_file():
            raise MatrixError(
                f"there is no trusted root {self._trusted_root}",
                hint="Sigstore's own is trusted_root.json of https://github.com/sigstore/root-signing.",
            )
        try:
            return Verifier(trusted_root=TrustedRoot.from_file(str(self._trusted_root))).verify_artifact
        except (Error, ValueError) as error:
            raise MatrixError(
                f"{self._trusted_root} is no trusted root: {_line(error)}",
                hint="Get it once more from where you have it.",
            ) from error


def read_signers(file: Path) -> tuple[Signer, ...]:
    """The allowed signers of a file; empty lines, and those that begin with #, say nothing.

    Raises:
        MatrixError: it is not there, or a line is something else.
        OSError: it cannot be read.
    """
    if not file.is_file():
        raise MatrixError(f"there is no file of allowed signers {file}", hint=_SIGNERS)
    found = []
    for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 2:
            raise MatrixError(f"{file}:{number}: these are not an identity and its issuer", hint=_SIGNERS)
        found.append(Signer(*words))
    return tuple(found)


@dataclass
class _OneOf:
    """Whose a certificate must be; `matching` are those of the signers whose it is, once it was looked at."""

    file: Path
    allowed: Path
    signers: Sequence[Signer]
    matching: tuple[Signer, ...] = field(default=(), init=False)

    def verify(self, cert: "Certificate") -> None:
        """Raises SignatureError if it is nobody's of them."""
        self.matching = tuple(one for one in self.signers if _is_of(cert, one))
        if not self.matching:
            raise SignatureError(
                f"{self.file.name} is signed with a certificate of {_names(cert)}, and {self.allowed} has no"
                " such line",
                hint="Whoever knows whose that is can add it there, with the issuer that knows it.",
            )


def _is_of(cert: "Certificate", signer: Signer) -> bool:
    from sigstore.errors import VerificationError
    from sigstore.verify.policy import Identity

    try:
        Identity(identity=signer.identity, issuer=signer.issuer).verify(cert)
    except VerificationError:
        return False
    return True


def _names(cert: "Certificate") -> str:
    from cryptography.x509 import ExtensionNotFound, SubjectAlternativeName

    try:
        names = cert.extensions.get_extension_for_class(SubjectAlternativeName).value
    except ExtensionNotFound:
        return "nobody"
    return " and ".join(str(name.value) for name in names)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300].rstrip(".")
