from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import Refused, SettingsError
from pipeline.publish.release import as_released, folder_hashes, write_release
from pipeline.publish.signature import SIGNATURE_FILE, public_of, sign

ALGORITHMS = {"ed25519": ["ed25519"], "p256": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]}


def key(kind: str) -> str:
    command = ["openssl", "genpkey", "-algorithm", *ALGORITHMS[kind]]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "config.json").write_text("{}")
    write_release(tmp_path, {"version": "v1", "model": "m"})
    return tmp_path


def signed(folder: Path, pem: str) -> Path:
    (folder / SIGNATURE_FILE).write_bytes(sign(folder_hashes(folder), "acme/model@v1", pem))
    return folder


def look(folder: Path, verify_key: str | None = None) -> dict[str, Any]:
    return as_released(folder, folder_hashes(folder), verify_key)


@pytest.mark.parametrize("kind", sorted(ALGORITHMS))
def test_holds_for_what_was_signed(folder: Path, kind: str) -> None:
    pem = key(kind)
    signed(folder, pem)
    assert look(folder, public_of(pem))["version"] == "v1"
    assert look(folder)["version"] == "v1"


def test_openssl_agrees(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The signature is over the DSSE pre-authentication encoding, as another implementation computes it."""
    pem = key("ed25519")
    envelope = json.loads((signed(folder, pem) / SIGNATURE_FILE).read_bytes())
    payload, kind = base64.b64decode(envelope["payload"]), envelope["payloadType"]
    place = tmp_path_factory.mktemp("openssl")
    (place / "data").write_bytes(f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload)
    (place / "sig").write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))
    (place / "key").write_text(public_of(pem))
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key", "-rawin", "-in", "data", "-sigfile", "sig"]
    assert subprocess.run(command, cwd=place, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: (f / "model.safetensors").write_bytes(b"other"), r"model\.safetensors"),
        (lambda f: (f / "more.txt").write_text("x"), r"more\.txt"),
        (lambda f: (f / "sub" / "config.json").unlink(), r"config\.json"),
        (lambda f: (f / SIGNATURE_FILE).unlink(), "there is none"),
        (lambda f: (f / SIGNATURE_FILE).write_text("{}"), "cannot be read"),
        (lambda f: signed(f, key("ed25519")), "not made with the key"),
    ],
)
def test_does_not_hold_for_anything_else(folder: Path, change, says: str) -> None:
    pem = key("ed25519")
    signed(folder, pem)
    change(folder)
    with pytest.raises(Refused, match=says):
        look(folder, public_of(pem))


def test_a_new_release_file_needs_the_key(folder: Path) -> None:
    """Who can write to the store can make a fitting release.json, but no fitting signature."""
    pem = key("ed25519")
    signed(folder, pem)
    (folder / "model.safetensors").write_bytes(b"other")
    write_release(folder, {"version": "v1", "model": "m"})
    assert look(folder)
    with pytest.raises(Refused, match="does not cover"):
        look(folder, public_of(pem))


def test_unusable_keys_are_named(folder: Path) -> None:
    with pytest.raises(SettingsError, match=r"publish\.signing_key"):
        sign({}, "x", "no key")
    rsa = subprocess.run(["openssl", "genrsa", "2048"], capture_output=True, text=True, check=True).stdout
    with pytest.raises(SettingsError, match="Ed25519"):
        sign({}, "x", rsa)
