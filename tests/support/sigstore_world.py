"""A Sigstore of a test's own: what gives certificates, what logs them, and what logs signatures.

It speaks the formats of the real one (protobuf-specs' bundle and trusted root, RFC 6962, RFC 8785 and C2SP's
signed notes), with keys that nobody else has.
"""

import base64
import datetime
import hashlib
import json
import struct
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

NOW = datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.UTC)
ISSUER = "https://accounts.example.org"

_SCTS = ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_OIDC_ISSUER = ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
_ORIGIN = "log.example.org"


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _signed(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    return key.sign(data, ec.ECDSA(hashes.SHA256()))


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _canonical(document: Any) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


@dataclass
class SigstoreWorld:
    """Its authority, its two logs, and what they say."""

    authority: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    certificate_log: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    signature_log: ec.EllipticCurvePrivateKey = field(default_factory=_key)

    def trusted_root(self) -> str:
        """What makes it believed."""

        def log(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
            return {
                "baseUrl": f"https://{_ORIGIN}",
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": _b64(_spki(key)),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": {"start": "2025-01-01T00:00:00Z"},
                },
                "logId": {"keyId": _b64(hashlib.sha256(_spki(key)).digest())},
            }

        return json.dumps(
            {
                "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs": [log(self.signature_log)],
                "ctlogs": [log(self.certificate_log)],
                "certificateAuthorities": [
                    {
                        "subject": {"organization": "example.org", "commonName": "root"},
                        "uri": "https://ca.example.org",
                        "certChain": {"certificates": [{"rawBytes": _b64(_der(self._root))}]},
                        "validFor": {"start": "2025-01-01T00:00:00Z"},
                    }
                ],
                "timestampAuthorities": [],
            }
        )

    def bundle(self, data: bytes, identity: str) -> dict[str, Any]:
        """A signature of some data by an identity, with all that proves it."""
        key = _key()
        certificate = self._certificate(key, identity)
        signature = _signed(key, data)
        digest = hashlib.sha256(data)
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        body = _canonical(
            {
                "apiVersion": "0.0.1",
                "kind": "hashedrekord",
                "spec": {
                    "data": {"hash": {"algorithm": "sha256", "value": digest.hexdigest()}},
                    "signature": {"content": _b64(signature), "publicKey": {"content": _b64(pem)}},
                },
            }
        )
        return {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": _b64(_der(certificate))},
                "tlogEntries": [self._log_entry(body)],
            },
            "messageSignature": {
                "messageDigest": {"algorithm": "SHA2_256", "digest": _b64(digest.digest())},
                "signature": _b64(signature),
            },
        }

    @cached_property
    def _root(self) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "root")])
        public = self.authority.public_key()
        usage = _usage(key_cert_sign=True, crl_sign=True)
        return (
            x509.CertificateBuilder(name, name, public, x509.random_serial_number())
            .not_valid_before(NOW - datetime.timedelta(days=30))
            .not_valid_after(NOW + datetime.timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .sign(self.authority, hashes.SHA256())
        )

    def _certificate(self, key: ec.EllipticCurvePrivateKey, identity: str) -> x509.Certificate:
        """One of ten minutes, which the log of certificates has promised to have."""
        at_authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.authority.public_key())
        code_signing = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])
        builder = (
            x509.CertificateBuilder(
                self._root.subject, x509.Name([]), key.public_key(), x509.random_serial_number()
            )
            .not_valid_before(NOW)
            .not_valid_after(NOW + datetime.timedelta(minutes=10))
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(code_signing, critical=False)
            .add_extension(at_authority, critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(identity)]), critical=True)
            .add_extension(x509.UnrecognizedExtension(_OIDC_ISSUER, ISSUER.encode()), critical=False)
        )
        before = builder.sign(self.authority, hashes.SHA256()).tbs_certificate_bytes
        promise = x509.UnrecognizedExtension(_SCTS, self._promise(before))
        return builder.add_extension(promise, critical=False).sign(self.authority, hashes.SHA256())

    def _promise(self, certificate: bytes) -> bytes:
        """A list with one signed certificate timestamp (RFC 6962, 3.2 and 3.3), as an OCTET STRING of DER."""
        stamp_ms = int(NOW.timestamp() * 1000)
        of_issuer = hashlib.sha256(_spki(self.authority)).digest()
        length = len(certificate).to_bytes(3, "big")
        entry = struct.pack("!BBQH", 0, 0, stamp_ms, 1) + of_issuer + length + certificate + b"\0\0"
        signature = _signed(self.certificate_log, entry)
        log = hashlib.sha256(_spki(self.certificate_log)).digest()
        promise = struct.pack("!B32sQH", 0, log, stamp_ms, 0) + struct.pack("!BBH", 4, 3, len(signature))
        promise += signature
        listed = struct.pack("!HH", len(promise) + 2, len(promise)) + promise
        assert len(listed) < 0x80, "a longer one has its length in several bytes"
        return bytes((0x04, len(listed))) + listed

    def _log_entry(self, body: bytes) -> dict[str, Any]:
        """An entry beside another one, with the way to the root of the tree and what the log has signed."""
        other = hashlib.sha256(b"\0another entry").digest()
        root = hashlib.sha256(b"\1" + hashlib.sha256(b"\0" + body).digest() + other).digest()
        log = hashlib.sha256(_spki(self.signature_log)).digest()
        note = f"{_ORIGIN}\n2\n{_b64(root)}\n"
        of_note = log[:4] + _signed(self.signature_log, note.encode())
        logged_s = int(NOW.timestamp()) + 60
        promised = {"body": _b64(body), "integratedTime": logged_s, "logID": log.hex(), "logIndex": 0}
        return {
            "logIndex": "0",
            "logId": {"keyId": _b64(log)},
            "kindVersion": {"kind": "hashedrekord", "version": "0.0.1"},
            "integratedTime": str(logged_s),
            "inclusionPromise": {
                "signedEntryTimestamp": _b64(_signed(self.signature_log, _canonical(promised)))
            },
            "inclusionProof": {
                "logIndex": "0",
                "rootHash": _b64(root),
                "treeSize": "2",
                "hashes": [_b64(other)],
                "checkpoint": {"envelope": f"{note}\n\u2014 {_ORIGIN} {_b64(of_note)}\n"},
            },
            "canonicalizedBody": _b64(body),
        }


def _usage(**wanted: bool) -> x509.KeyUsage:
    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{name: wanted.get(name, False) for name in names})


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)
