"""A signature over every file of a release: an in-toto statement in a DSSE envelope, as OpenSSF model signing uses.

The statement lists each file with its SHA-256 (https://in-toto.io/Statement/v1); the envelope signs
`DSSEv1 <length> <type> <length> <payload>` (https://github.com/secure-systems-lab/dsse). Keys are PEM, Ed25519 or
ECDSA on P-256; a key is made with `openssl genpkey -algorithm ed25519`.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from pipeline.errors import Refused, SettingsError
from pipeline.settings import PublishSettings

SIGNATURE_FILE = "release.sig.json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://model_signing/signature/v1.0"
PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey
PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey


def sign(files: Mapping[str, str], name: str, pem: str) -> bytes:
    """Return the signature file over files (path to SHA-256) of a model; raises SettingsError for an unusable key."""
    key = _private(pem)
    subject = {"name": name, "digest": {"sha256": _root(files)}}
    resources = [{"name": path, "algorithm": "sha256", "digest": digest} for path, digest in sorted(files.items())]
    serialisation = {
        "method": "files",
        "hash_type": "sha256",
        "allow_symlinks": False,
        "ignore_paths": [SIGNATURE_FILE],
    }
    statement = {
        "_type": STATEMENT,
        "subject": [subject],
        "predicateType": PREDICATE,
        "predicate": {"serialization": serialisation, "resources": resources},
    }
    payload = json.dumps(statement, sort_keys=True).encode()
    public = _id(key.public_key())
    envelope = {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"keyid": public, "sig": base64.b64encode(_signed(key, _encoded(payload))).decode()}],
    }
    return json.dumps(envelope, indent=2).encode()


def check(file: Path, files: Mapping[str, str], pem: str) -> None:
    """Raise Refused unless a signature file holds, by the owner of this public key, for exactly these files."""
    signed = _statement(file, pem)
    present = {name: digest for name, digest in files.items() if name != SIGNATURE_FILE}
    for name in sorted(set(signed) | set(present)):
        if signed.get(name) != present.get(name):
            raise _broken(file, f"it does not cover {name} as it is")


def vouches(file: Path, name: str, digest: str, pem: str) -> bool:
    """Tell whether a signature file holds, by the owner of this public key, for one of the files that it lists."""
    try:
        return _statement(file, pem).get(name) == digest
    except Refused:
        return False


def verifying_key(publish: PublishSettings) -> str | None:
    """Return the public key (PEM) for releases: the one that is demanded, or that of the key that signs them."""
    own = publish.signing_key
    return publish.verify_key or (public_of(own.get_secret_value()) if own else None)


def _statement(file: Path, pem: str) -> dict[str, str]:
    """Return the files that a signature lists with their SHA-256; raises Refused when it was not made with the key."""
    key = _public(pem)
    if not file.is_file():
        raise _broken(file, "there is none")
    try:
        envelope = json.loads(file.read_bytes())
        payload = base64.b64decode(envelope["payload"], validate=True)
        offered = [base64.b64decode(entry["sig"], validate=True) for entry in envelope["signatures"]]
        kind = str(envelope["payloadType"])
    except (ValueError, KeyError, TypeError):
        raise _broken(file, "it cannot be read") from None
    if kind != PAYLOAD_TYPE or not any(_holds(key, signature, _encoded(payload)) for signature in offered):
        raise _broken(file, "it was not made with the key that publish.verify_key belongs to")
    return {entry["name"]: entry["digest"] for entry in json.loads(payload)["predicate"]["resources"]}


def public_of(pem: str) -> str:
    """Return the public key (PEM) of a private one."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return _private(pem).public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def _root(files: Mapping[str, str]) -> str:
    joined = b"".join(bytes.fromhex(digest) for _, digest in sorted(files.items()))
    return hashlib.sha256(joined).hexdigest()


def _encoded(payload: bytes) -> bytes:
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _signed(key: PrivateKey, data: bytes) -> bytes:
    return key.sign(data) if isinstance(key, ed25519.Ed25519PrivateKey) else key.sign(data, ec.ECDSA(hashes.SHA256()))


def _holds(key: PublicKey, signature: bytes, data: bytes) -> bool:
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, data)
        else:
            key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _id(key: PublicKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return hashlib.sha256(key.public_bytes(serialization.Encoding.DER, form)).hexdigest()


def _private(pem: str) -> PrivateKey:
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _unusable("publish.signing_key") from None
    if not isinstance(key, PrivateKey):
        raise _unusable("publish.signing_key")
    return key


def _public(pem: str) -> PublicKey:
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise _unusable("publish.verify_key") from None
    if not isinstance(key, PublicKey):
        raise _unusable("publish.verify_key")
    return key


def _unusable(setting: str) -> SettingsError:
    return SettingsError(
        "The key is no Ed25519 or P-256 key in PEM without a pass phrase",
        where=setting,
        remedy="Make one with: openssl genpkey -algorithm ed25519; its public half with: openssl pkey -pubout",
    )


def _broken(file: Path, why: str) -> Refused:
    return Refused(
        f"The signature of the version does not hold: {why}",
        where=file.name,
        remedy="Do not use this version; find out who else writes to the model store",
    )
