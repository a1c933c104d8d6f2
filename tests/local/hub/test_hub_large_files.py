from __future__ import annotations

import errno
import hashlib
from pathlib import Path

import httpx
import numpy as np
import pytest
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import EntryNotFoundError
from safetensors.numpy import load_file, save_file

from pipeline.local.hub.signing import Signer
from pipeline.local.hub.store import Store


def batch(hub: str, repo: str, token: str, data: bytes, transfers: tuple[str, ...] = ("basic", "multipart")) -> dict:
    answer = httpx.post(
        f"{hub}/{repo}.git/info/lfs/objects/batch",
        json={
            "operation": "upload",
            "transfers": list(transfers),
            "objects": [{"oid": hashlib.sha256(data).hexdigest(), "size": len(data)}],
        },
        headers={"authorization": f"Bearer {token}", "content-type": "application/vnd.git-lfs+json"},
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["objects"][0]


@pytest.fixture
def token(tokens: dict[str, str]) -> str:
    return tokens["alice"]


def staged(store: Store) -> list[Path]:
    return list((store.config.root / "staging").iterdir())


def test_45_mb_of_safetensors_in_parts(
    alice: HfApi, repo: str, store: Store, tmp_path: Path, hub: str, token: str
) -> None:
    rng = np.random.default_rng(7)
    tensors = {f"layer.{n}": rng.random((1500, 1500), dtype=np.float32) for n in range(5)}
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "np"})
    data = (tmp_path / "model.safetensors").read_bytes()
    assert len(data) > 45_000_000
    assert len(batch(hub, repo, token, data)["actions"]["upload"]["header"]) == 1 + -(
        -len(data) // store.config.part_size
    )

    alice.upload_file(
        path_or_fileobj=str(tmp_path / "model.safetensors"), path_in_repo="model.safetensors", repo_id=repo
    )

    (info,) = alice.get_paths_info(repo, "model.safetensors")
    assert info.lfs.sha256 == hashlib.sha256(data).hexdigest()
    assert info.size == info.lfs.size == len(data)
    back = alice.hf_hub_download(repo, "model.safetensors")
    assert Path(back).read_bytes() == data
    assert np.array_equal(load_file(back)["layer.4"], tensors["layer.4"])
    assert alice.model_info(repo).safetensors.total == 5 * 1500 * 1500
    assert alice.get_safetensors_metadata(repo).parameter_count == {"F32": 5 * 1500 * 1500}
    assert "actions" not in batch(hub, repo, token, data)
    assert staged(store) == []
    assert list((store.config.root / "parts").iterdir()) == []


def test_content_that_is_not_what_was_announced_is_refused(hub: str, repo: str, store: Store, token: str) -> None:
    data = b"\0announced" * 1000
    actions = batch(hub, repo, token, data)["actions"]
    for wrong, status in ((b"\0different" * 1000, 422), (data[:-1], 422), (data + b"x", 413), (b"", 422)):
        assert httpx.put(actions["upload"]["href"], content=wrong).status_code == status
        assert httpx.post(actions["verify"]["href"], json={}).status_code == 404
    assert not store.blobs.path(hashlib.sha256(data).hexdigest()).exists()
    assert staged(store) == []

    assert httpx.put(actions["upload"]["href"], content=data).status_code == 200
    assert httpx.post(actions["verify"]["href"], json={}).status_code == 200


def test_parts_that_are_missing_or_altered_are_refused(hub: str, repo: str, store: Store, token: str) -> None:
    data = np.random.default_rng(3).bytes(2 * store.config.part_size + 5)
    upload = batch(hub, repo, token, data)["actions"]["upload"]
    size = int(upload["header"]["chunk_size"])
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    etags = {}

    def put(number: int, piece: bytes) -> None:
        answer = httpx.put(upload["header"][str(number)], content=piece)
        assert answer.status_code == 200
        etags[number] = answer.headers["ETag"]

    def complete() -> int:
        parts = [{"partNumber": n, "etag": e} for n, e in sorted(etags.items())]
        body = {"oid": hashlib.sha256(data).hexdigest(), "parts": parts}
        return httpx.post(upload["href"], json=body).status_code

    put(1, pieces[0])
    put(3, pieces[2])
    assert complete() == 422
    put(2, pieces[1][::-1])
    assert complete() == 422
    assert httpx.put(upload["header"]["2"], content=pieces[1] + b"x").status_code == 413
    put(2, pieces[1])
    assert complete() == 200
    assert complete() == 200, "a completion whose answer was lost may be sent again"
    assert store.blobs.read(hashlib.sha256(data).hexdigest()) == data


def test_upload_addresses_cannot_be_changed_forged_or_used_late(hub: str, repo: str, store: Store, token: str) -> None:
    data = b"\0signed" * 1000
    href = batch(hub, repo, token, data)["actions"]["upload"]["href"]
    sha256 = hashlib.sha256(data).hexdigest()
    path = href.removeprefix(hub).partition("?")[0]
    late = f"{hub}{path}?{store.signer.query(path, -1)}"
    forged = f"{hub}{path}?{Signer(b'another key').query(path, 60)}"
    other_size = href.replace(f"/{len(data)}?", f"/{len(data) + 1}?")
    other_action = href.replace("/whole/", "/verify/")
    for address in (
        late,
        forged,
        other_size,
        href.partition("?")[0],
        href + "0",
        href.replace("expires=", "expires=9"),
    ):
        assert httpx.put(address, content=data).status_code == 403, address
    assert httpx.post(other_action, json={}).status_code == 403
    assert not store.blobs.path(sha256).exists()


def test_a_full_disk_is_said_and_leaves_nothing(
    hub: str, repo: str, store: Store, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    data = b"\0no room" * 1000
    href = batch(hub, repo, token, data)["actions"]["upload"]["href"]
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.local.hub.blobs.os.fsync", full)
        answer = httpx.put(href, content=data)
    assert answer.status_code == 507
    assert "disk is full" in answer.headers["X-Error-Message"]
    assert staged(store) == []
    assert httpx.put(href, content=data).status_code == 200


def test_an_upload_into_a_deleted_repository_is_refused(alice: HfApi, hub: str, store: Store, token: str) -> None:
    alice.create_repo("acme/short-lived")
    data = b"\0late" * 1000
    href = batch(hub, "acme/short-lived", token, data)["actions"]["upload"]["href"]
    alice.delete_repo("acme/short-lived")
    assert httpx.put(href, content=data).status_code == 404
    assert not store.blobs.path(hashlib.sha256(data).hexdigest()).exists()


def test_nonsense_objects_are_refused_one_by_one(hub: str, repo: str, token: str) -> None:
    answer = httpx.post(
        f"{hub}/{repo}.git/info/lfs/objects/batch",
        json={
            "operation": "upload",
            "objects": [
                {"oid": "../../../etc/passwd", "size": 1},
                {"oid": "a" * 64, "size": -1},
                {"oid": "a" * 64, "size": 1 << 60},
                {"oid": "a" * 64, "size": 5},
            ],
        },
        headers={"authorization": f"Bearer {token}"},
    )
    assert [obj.get("error", {}).get("code") for obj in answer.json()["objects"]] == [422, 422, 413, None]


def test_the_same_content_is_stored_once(alice: HfApi, repo: str, store: Store) -> None:
    data = b"\0once" * 5000
    files = [CommitOperationAdd(f"{n}.bin", data) for n in range(3)]
    alice.create_commit(repo, files, commit_message="three names")
    sha256 = hashlib.sha256(data).hexdigest()
    assert [path.name for path in (store.config.root / "blobs").rglob("*") if path.name == sha256] == [sha256]
    usage = alice.model_info(repo, expand=["usedStorage"]).used_storage
    assert usage is not None
    assert len(data) <= usage < 2 * len(data)


def test_an_upload_that_no_commit_names_is_not_visible(alice: HfApi, repo: str, hub: str, token: str) -> None:
    data = b"\0orphan" * 1000
    assert httpx.put(batch(hub, repo, token, data)["actions"]["upload"]["href"], content=data).status_code == 200
    assert alice.list_repo_files(repo) == [".gitattributes"]
    for path in (hashlib.sha256(data).hexdigest(), "orphan.bin"):
        with pytest.raises(EntryNotFoundError):
            alice.hf_hub_download(repo, path)
