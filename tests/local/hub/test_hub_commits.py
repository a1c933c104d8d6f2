from __future__ import annotations

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, HfApi
from huggingface_hub.errors import (
    BadRequestError,
    EntryNotFoundError,
    HfHubHTTPError,
    RevisionNotFoundError,
)

Send = Callable[..., httpx.Response]


def add(path: str, data: bytes | str) -> CommitOperationAdd:
    return CommitOperationAdd(path, data.encode() if isinstance(data, str) else data)


def text(api: HfApi, repo: str, path: str, revision: str | None = None) -> str:
    with open(api.hf_hub_download(repo, path, revision=revision)) as file:
        return file.read()


@pytest.fixture
def send(hub: str, repo: str, tokens: dict[str, str]) -> Send:
    """Send a commit that the client itself would refuse to send."""

    def post(
        *operations: dict[str, Any], header: dict[str, Any] | None = None, raw: bytes | None = None
    ) -> httpx.Response:
        lines = [{"key": "header", "value": header if header is not None else {"summary": "raw"}}, *operations]
        body = b"\n".join(json.dumps(line).encode() for line in lines) if raw is None else raw
        headers = {"authorization": f"Bearer {tokens['alice']}", "content-type": "application/x-ndjson"}
        return httpx.post(f"{hub}/api/models/{repo}/commit/main", content=body, headers=headers)

    return post


def inline(path: str, data: bytes = b"x") -> dict[str, Any]:
    return {"key": "file", "value": {"path": path, "content": base64.b64encode(data).decode(), "encoding": "base64"}}


def test_a_commit_is_all_or_nothing(alice: HfApi, repo: str) -> None:
    first = alice.create_commit(
        repo,
        [add("keep.txt", "1"), add("folder/a.txt", "a"), add("folder/b.bin", b"\0binary")],
        commit_message="first",
        commit_description="why",
    )
    with pytest.raises(EntryNotFoundError):
        alice.create_commit(repo, [add("new.txt", "2"), CommitOperationDelete("not-there.txt")], commit_message="half")
    assert alice.model_info(repo).sha == first.oid
    assert "new.txt" not in alice.list_repo_files(repo)

    second = alice.create_commit(
        repo,
        [add("keep.txt", "2"), CommitOperationDelete("folder/", is_folder=True)],
        commit_message="second",
        parent_commit=first.oid,
    )
    assert alice.list_repo_files(repo) == [".gitattributes", "keep.txt"]
    assert text(alice, repo, "keep.txt") == "2"
    assert text(alice, repo, "keep.txt", first.oid) == "1"
    assert text(alice, repo, "keep.txt", first.oid[:7]) == "1"
    log = alice.list_repo_commits(repo)
    assert [(c.commit_id, c.title, c.message) for c in log[:2]] == [
        (second.oid, "second", ""),
        (first.oid, "first", "why"),
    ]
    assert log[0].authors == ["alice"]


def test_a_stale_parent_is_412(alice: HfApi, repo: str) -> None:
    base = alice.model_info(repo).sha
    done = alice.create_commit(repo, [add("a", "1")], commit_message="a", parent_commit=base)
    with pytest.raises(HfHubHTTPError, match="updated in the meantime") as refused:
        alice.create_commit(repo, [add("b", "1")], commit_message="b", parent_commit=base)
    assert refused.value.response.status_code == 412
    alice.create_commit(repo, [add("b", "1")], commit_message="b", parent_commit=done.oid[:7])


def test_a_rollback_copies_the_files_of_an_earlier_revision(alice: HfApi, repo: str) -> None:
    weights = [b"\0first weights" * 100, b"\0second weights" * 100]
    alice.create_commit(repo, [add("model.safetensors", weights[0]), add("config.json", "1")], commit_message="v1")
    alice.create_tag(repo, tag="v1")
    bad = alice.create_commit(
        repo,
        [add("model.safetensors", weights[1]), add("config.json", "2"), add("extra.txt", "x")],
        commit_message="v2",
    )
    done = alice.create_commit(
        repo,
        [
            CommitOperationCopy("model.safetensors", "model.safetensors", src_revision="v1"),
            CommitOperationCopy("config.json", "config.json", src_revision="v1"),
            CommitOperationDelete("extra.txt"),
        ],
        commit_message="back to v1",
        parent_commit=bad.oid,
    )

    then = {f.path: f.blob_id for f in alice.list_repo_tree(repo, revision="v1")}
    now = {f.path: f.blob_id for f in alice.list_repo_tree(repo, revision=done.oid)}
    assert now == then
    with open(alice.hf_hub_download(repo, "model.safetensors"), "rb") as file:
        assert file.read() == weights[0]


def test_a_copy_under_another_name_keeps_content(alice: HfApi, repo: str) -> None:
    alice.create_commit(repo, [add("a.bin", b"\0content"), add("a.txt", "text")], commit_message="a")
    alice.create_commit(
        repo,
        [CommitOperationCopy("a.bin", "deep/b.bin"), CommitOperationCopy("a.txt", "deep/b.txt")],
        commit_message="copy",
    )
    files = {f.path: f for f in alice.get_paths_info(repo, ["a.bin", "deep/b.bin", "deep/b.txt"])}
    assert files["a.bin"].lfs == files["deep/b.bin"].lfs
    assert text(alice, repo, "deep/b.txt") == "text"


def test_only_branches_take_commits(alice: HfApi, repo: str) -> None:
    alice.create_branch(repo, branch="work/one")
    alice.create_tag(repo, tag="v1")
    done = alice.create_commit(repo, [add("x", "1")], commit_message="x", revision="work/one")
    assert alice.model_info(repo, revision="work/one").sha == done.oid
    assert alice.model_info(repo).sha != done.oid
    for revision in ("v1", "nowhere", done.oid):
        with pytest.raises(RevisionNotFoundError):
            alice.create_commit(repo, [add("y", "1")], commit_message="y", revision=revision)


def test_what_git_ignores_is_not_committed(alice: HfApi, repo: str) -> None:
    alice.create_commit(repo, [add(".gitignore", "*.log\n!keep.log\n")], commit_message="rules")
    alice.create_commit(repo, [add("a.log", "x"), add("keep.log", "x"), add("b.txt", "x")], commit_message="files")
    assert alice.list_repo_files(repo) == [".gitattributes", ".gitignore", "b.txt", "keep.log"]


def test_gitattributes_decide_what_is_lfs(alice: HfApi, repo: str) -> None:
    rules = "*.bin filter=lfs diff=lfs merge=lfs -text\nsmall/*.bin -filter\ndata/** filter=lfs\n"
    alice.create_commit(repo, [add(".gitattributes", rules)], commit_message="rules")
    paths = {"a.bin": True, "small/a.bin": False, "data/x/y.txt": True, "plain.txt": False, "empty.bin": False}
    alice.create_commit(
        repo, [add(path, "" if path == "empty.bin" else path) for path in paths], commit_message="files"
    )
    info = {f.path: f.lfs is not None for f in alice.get_paths_info(repo, list(paths))}
    assert info == paths


@pytest.mark.parametrize(
    "path",
    ["../outside", "a/../../b", "/../x", ".git/hooks/post-commit", "a/.git/x", "a//b", "", "a\\..\\b", "a\u0000b"],
)
def test_paths_that_leave_the_repository_are_refused(alice: HfApi, repo: str, send: Send, path: str) -> None:
    before = alice.model_info(repo).sha
    for operation in (inline(path), {"key": "deletedFile", "value": {"path": path}}):
        answer = send(operation)
        assert answer.status_code == 422, answer.text
        assert "Invalid path" in answer.headers["X-Error-Message"]
    assert alice.model_info(repo).sha == before


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"{", "Malformed"),
        (b"[]", "Malformed"),
        (b'{"key": "header", "value": {}}', "summary"),
        (b'{"key": "header", "value": {"summary": ""}}', "summary"),
        (b'{"key": "chmod", "value": {"path": "x"}}', "unknown operation"),
        (b'{"key": "file", "value": {"path": "x", "content": "***", "encoding": "base64"}}', "base64"),
        (b'{"key": "file", "value": {"path": 7, "content": ""}}', "Malformed"),
        (b'{"key": "lfsFile", "value": {"path": "x", "oid": "../../etc/passwd"}}', "SHA-256"),
        (b"[" * 100_000, "Malformed"),
    ],
)
def test_malformed_commits_are_400(send: Send, raw: bytes, reason: str) -> None:
    answer = send(raw=raw)
    assert answer.status_code == 400, answer.text
    assert reason in answer.headers["X-Error-Message"]


def test_a_file_cannot_be_a_folder_too(alice: HfApi, repo: str) -> None:
    alice.create_commit(repo, [add("a", "file")], commit_message="a")
    with pytest.raises(BadRequestError, match="file and a folder at once"):
        alice.create_commit(repo, [add("a/b", "below")], commit_message="b")
    alice.create_commit(repo, [CommitOperationDelete("a"), add("a/b", "below")], commit_message="b")
    assert text(alice, repo, "a/b") == "below"


def test_folders_are_deleted_with_all_that_is_in_them(alice: HfApi, repo: str, send: Send) -> None:
    alice.create_commit(repo, [add("d/x", "1"), add("f/y/z", "1"), add("ff", "1")], commit_message="d")
    alice.create_commit(repo, [CommitOperationDelete("f", is_folder=False)], commit_message="f")
    assert alice.list_repo_files(repo) == [".gitattributes", "d/x", "ff"]
    alice.delete_file("ff", repo)
    for key, path in (("deletedFile", "f"), ("deletedFolder", "d/x"), ("deletedFolder", "e")):
        assert send({"key": key, "value": {"path": path}}).status_code == 404
    alice.delete_folder("d", repo)
    assert alice.list_repo_files(repo) == [".gitattributes"]


def test_a_content_of_another_repository_cannot_be_claimed_by_its_hash(alice: HfApi, repo: str, send: Send) -> None:
    secret = b"\0the weights of somebody else" * 50
    alice.create_repo("alice/secret", private=True)
    alice.upload_file(path_or_fileobj=secret, path_in_repo="w.bin", repo_id="alice/secret")
    (info,) = alice.get_paths_info("alice/secret", "w.bin")
    claim = {"key": "lfsFile", "value": {"path": "mine.bin", "algo": "sha256", "oid": info.lfs.sha256}}
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{info.lfs.sha256}\nsize {len(secret)}\n"

    assert send(claim).status_code == 422
    assert send(inline("mine.bin", pointer.encode())).status_code == 400
    alice.upload_file(path_or_fileobj=secret, path_in_repo="mine.bin", repo_id=repo)
    assert alice.get_paths_info(repo, "mine.bin")[0].lfs == info.lfs
    alice.delete_repo("alice/secret")
    with open(alice.hf_hub_download(repo, "mine.bin"), "rb") as file:
        assert file.read() == secret


def test_an_inline_file_that_is_too_large_is_refused(send: Send) -> None:
    over_threshold = send(inline("big.txt", b"x" * (10 * 2**20 + 1)))
    assert over_threshold.status_code == 400
    assert "LFS" in over_threshold.headers["X-Error-Message"]
    assert send(inline("big.txt", b"x" * (13 * 2**20))).status_code == 413


def test_pull_requests_are_not_offered(alice: HfApi, repo: str) -> None:
    with pytest.raises(HfHubHTTPError, match="no pull requests"):
        alice.create_commit(repo, [add("x", "1")], commit_message="x", create_pr=True)


def test_sixteen_committers_at_once_lose_nothing(alice: HfApi, repo: str) -> None:
    alice.create_commit(repo, [add("counter", "0")], commit_message="start")

    def commit(number: int) -> str:
        files = [add(f"{number:02}.txt", f"{number}"), add(f"{number:02}.bin", b"\0" + bytes([number]) * 2000)]
        return alice.create_commit(repo, files, commit_message=f"commit {number}").oid

    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(commit, range(16)))

    log = alice.list_repo_commits(repo)
    assert len(set(made)) == 16
    assert {c.commit_id for c in log[:16]} == set(made)
    assert len(log) == 18
    assert len(alice.list_repo_files(repo)) == 2 + 32
    for number in range(16):
        assert text(alice, repo, f"{number:02}.txt") == str(number)


def test_of_sixteen_with_the_same_parent_one_wins(alice: HfApi, repo: str) -> None:
    base = alice.model_info(repo).sha

    def commit(number: int) -> int | str:
        try:
            return alice.create_commit(
                repo, [add("winner", str(number))], commit_message=f"{number}", parent_commit=base
            ).oid
        except HfHubHTTPError as refused:
            return refused.response.status_code

    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(commit, range(16)))

    assert results.count(412) == 15
    winner = next(i for i, result in enumerate(results) if result != 412)
    assert text(alice, repo, "winner") == str(winner)
    assert alice.list_repo_commits(repo)[0].commit_id == results[winner]


def test_a_squash_keeps_files_and_tags(alice: HfApi, repo: str) -> None:
    for number in range(3):
        alice.create_commit(repo, [add("n", str(number))], commit_message=str(number))
        alice.create_tag(repo, tag=f"v{number}")
    alice.super_squash_history(repo, commit_message="one")
    assert [c.title for c in alice.list_repo_commits(repo)] == ["one"]
    assert text(alice, repo, "n") == "2"
    assert text(alice, repo, "n", "v1") == "1"
