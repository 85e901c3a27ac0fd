"""What signs archives, and says who has signed one."""

from pathlib import Path

from mcumatrix.ports import SignatureChecker, Signer


def signer() -> Signer:
    """What signs archives, and says who has signed one."""
    from mcumatrix.adapters.signers.ssh_keygen import SshSigner

    return SshSigner()


def signature_checker(trusted_root: Path | None) -> SignatureChecker:
    """What says who has signed an archive: Sigstore where there is a trusted root of it, else SSH keys."""
    if trusted_root is None:
        return signer()
    from mcumatrix.adapters.signers.sigstore_bundle import SigstoreChecker

    return SigstoreChecker(trusted_root)
