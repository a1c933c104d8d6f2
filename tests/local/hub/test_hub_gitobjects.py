from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, HfApi
from hypothesis import given
from hypothesis import strategies as st

from pipeline.local.hub import trees
from pipeline.local.hub.gitobjects import (
    FILE_MODE,
    FOLDER_MODE,
    TreeEntry,
    decode_tree,
    encode_commit,
    encode_tree,
    lfs_pointer,
    safe_path,
)
from pipeline.local.hub.store import Store

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="compares with the real git")


def git(folder: Path, *arguments: str, stdin: bytes | None = None) -> str:
    done = subprocess.run(["git", "-C", folder, *arguments], input=stdin, capture_output=True, check=True)
    return done.stdout.decode().strip()


@needs_git
def test_repository_exports_to_git_unchanged(alice: HfApi, repo: str, store: Store, tmp_path: Path) -> None:
    weights = bytes(range(256)) * 64
    alice.create_commit(
        repo,
        [
            CommitOperationAdd("a/b/c.txt", b"deep\n"),
            CommitOperationAdd("a.txt", b"sorts before the folder a\n"),
            CommitOperationAdd("a-b.txt", "Grüße\n".encode()),
            CommitOperationAdd("model.safetensors", weights),
        ],
        commit_message="Four files",
        commit_description="with a body\n\nof two paragraphs",
    )
    git(tmp_path, "init", "-q", "--bare", ".")

    with store.database.read() as db:
        row = db.execute("SELECT id FROM repositories WHERE name = ?", (repo,)).fetchone()
        for content in trees.contents_of(db, row["id"]).values():
            data = store.blobs.read(content.sha256)
            body = lfs_pointer(content.sha256, content.size) if content.lfs else data
            assert git(tmp_path, "hash-object", "-w", "--stdin", stdin=body) == content.oid
        for tree in db.execute("SELECT oid, body FROM trees WHERE repository = ?", (row["id"],)):
            assert git(tmp_path, "hash-object", "-w", "-t", "tree", "--stdin", stdin=tree["body"]) == tree["oid"]
        commits = db.execute("SELECT * FROM commits WHERE repository = ?", (row["id"],)).fetchall()
    for commit in sorted(commits, key=lambda commit: commit["parent"] is not None):
        body = encode_commit(
            tree=commit["tree"],
            parent=commit["parent"],
            author=commit["author"],
            timestamp=alice.list_repo_commits(repo, revision=commit["oid"])[0].created_at.timestamp().__int__(),
            message=f"{commit['title']}\n\n{commit['message']}" if commit["message"] else commit["title"],
        )
        assert git(tmp_path, "hash-object", "-w", "-t", "commit", "--stdin", stdin=body) == commit["oid"]

    head = alice.model_info(repo).sha
    assert head is not None
    git(tmp_path, "update-ref", "refs/heads/main", head)
    assert "error" not in git(tmp_path, "fsck", "--strict", "--full")
    listed = git(tmp_path, "ls-tree", "-r", "--name-only", head).splitlines()
    assert sorted(listed) == sorted(alice.list_repo_files(repo))
    assert git(tmp_path, "show", f"{head}:a/b/c.txt") == "deep"


def test_folder_sorts_as_if_it_ended_in_a_slash() -> None:
    entries = [
        TreeEntry(FOLDER_MODE, "a", "1" * 40),
        TreeEntry(FILE_MODE, "a.txt", "2" * 40),
        TreeEntry(FILE_MODE, "a0", "3" * 40),
    ]

    assert [entry.name for entry in decode_tree(encode_tree(entries))] == ["a.txt", "a", "a0"]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "..",
        "a/../b",
        "./a",
        "a//b",
        "a/.",
        ".git/config",
        "a/.GIT/x",
        "a\\b",
        "a\0b",
        "a\nb",
        "\ud800",
        "x" * 1025,
        "/".join("d" * 65),
    ],
)
def test_unsafe_paths_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"path|segment|character|Unicode"):
        safe_path(path)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=8), max_size=5))
def test_a_path_that_passes_stays_below_its_folder(segments: list[str]) -> None:
    try:
        path = safe_path("/".join(segments))
    except ValueError:
        return

    assert (Path("/root") / path).resolve().is_relative_to("/root")
    assert not path.startswith("/")
