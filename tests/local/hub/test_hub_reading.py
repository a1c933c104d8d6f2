from __future__ import annotations

import hashlib
import http.client
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from huggingface_hub import CommitOperationAdd, HfApi, hf_hub_url
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import http_get

from pipeline.local.hub import revisions
from pipeline.local.hub.errors import HubError
from pipeline.local.hub.gitobjects import object_id
from pipeline.local.hub.store import Store

Get = Callable[..., httpx.Response]
WEIGHTS = bytes(range(256)) * 400
NOTES = "Grüße, 世界\n".encode()


@pytest.fixture
def filled(alice: HfApi, repo: str) -> str:
    """A repository with a few files and a tag."""
    files = {
        "model.safetensors": WEIGHTS,
        "notes.txt": NOTES,
        "sub/folder/deep file #1.txt": b"deep",
        "sub/100%25 %2F.txt": b"escaped",
        "sub/other.txt": b"other",
    }
    alice.create_commit(repo, [CommitOperationAdd(p, d) for p, d in files.items()], commit_message="fill")
    alice.create_tag(repo, tag="v1.0", tag_message="first")
    return repo


@pytest.fixture
def get(hub: str, tokens: dict[str, str]) -> Get:
    def request(path: str, method: str = "GET", **headers: str) -> httpx.Response:
        return httpx.request(method, hub + path, headers={"authorization": f"Bearer {tokens['alice']}", **headers})

    return request


def test_headers_let_clients_cache_and_verify(alice: HfApi, filled: str, get: Get) -> None:
    sha = alice.model_info(filled).sha
    lfs = get(f"/{filled}/resolve/main/model.safetensors", "HEAD")
    digest = f'"{hashlib.sha256(WEIGHTS).hexdigest()}"'
    assert lfs.headers["X-Repo-Commit"] == sha
    assert lfs.headers["ETag"] == lfs.headers["X-Linked-Etag"] == digest
    assert int(lfs.headers["Content-Length"]) == int(lfs.headers["X-Linked-Size"]) == len(WEIGHTS)
    assert not [name for name in lfs.headers if name.lower().startswith("x-xet")]

    plain = get(f"/{filled}/resolve/v1.0/notes.txt")
    assert plain.content == NOTES
    assert plain.headers["ETag"] == f'"{object_id("blob", NOTES)}"'
    assert "X-Linked-Etag" not in plain.headers
    assert plain.headers["X-Content-Type-Options"] == "nosniff"
    assert plain.headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-99", 0, 100),
        ("bytes=1000-", 1000, len(WEIGHTS)),
        ("bytes=-7", len(WEIGHTS) - 7, len(WEIGHTS)),
        ("bytes=5-5", 5, 6),
        (f"bytes=10-{len(WEIGHTS) * 2}", 10, len(WEIGHTS)),
    ],
)
def test_ranges(filled: str, get: Get, asked: str, start: int, end: int) -> None:
    answer = get(f"/{filled}/resolve/main/model.safetensors", range=asked)
    assert answer.status_code == 206
    assert answer.content == WEIGHTS[start:end]
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(WEIGHTS)}"


def test_a_range_beyond_the_end_is_416(filled: str, get: Get) -> None:
    assert get(f"/{filled}/resolve/main/model.safetensors", range=f"bytes={len(WEIGHTS)}-").status_code == 416


def test_a_broken_download_goes_on_where_it_was(hub: str, filled: str, tokens: dict[str, str], tmp_path: Path) -> None:
    # Bytes that differ from the server's show in the result that only the rest was asked for.
    (tmp_path / "partial").write_bytes(b"?" * 1000)
    with (tmp_path / "partial").open("ab") as file:
        http_get(
            hf_hub_url(filled, "model.safetensors", endpoint=hub),
            file,
            resume_size=1000,
            headers={"authorization": f"Bearer {tokens['alice']}"},
            expected_size=len(WEIGHTS),
        )
    assert (tmp_path / "partial").read_bytes() == b"?" * 1000 + WEIGHTS[1000:]


@pytest.mark.parametrize(
    ("path", "content"), [("sub/folder/deep file #1.txt", b"deep"), ("sub/100%25 %2F.txt", b"escaped")]
)
def test_names_that_need_escaping(alice: HfApi, filled: str, path: str, content: bytes) -> None:
    assert Path(alice.hf_hub_download(filled, path)).read_bytes() == content
    assert alice.get_paths_info(filled, path)[0].path == path
    assert path in alice.list_repo_files(filled)
    assert [f.path for f in alice.list_repo_tree(filled, "sub/folder")] == ["sub/folder/deep file #1.txt"]


def test_every_kind_of_revision(alice: HfApi, filled: str) -> None:
    alice.create_branch(filled, branch="feature/x-1", revision="v1.0")
    sha = alice.model_info(filled).sha
    assert sha is not None
    new = alice.create_commit(
        filled, [CommitOperationAdd("notes.txt", b"new")], commit_message="new", revision="feature/x-1"
    )
    old = ("main", "v1.0", sha, sha[:7], "refs/heads/main", "refs/tags/v1.0")
    for revision in old:
        assert alice.model_info(filled, revision=revision).sha == sha
        assert Path(alice.hf_hub_download(filled, "notes.txt", revision=revision)).read_bytes() == NOTES
    for revision in ("feature/x-1", "refs/heads/feature/x-1", new.oid):
        assert alice.model_info(filled, revision=revision).sha == new.oid
        assert Path(alice.hf_hub_download(filled, "notes.txt", revision=revision)).read_bytes() == b"new"


def test_an_ambiguous_commit_prefix_is_not_guessed(alice: HfApi, repo: str, store: Store) -> None:
    with store.database.write() as db:
        (number,) = db.execute("SELECT id FROM repositories WHERE name = ?", (repo,)).fetchone()
        for oid in ("abcdef0" + "1" * 33, "abcdef0" + "2" * 33):
            db.execute("INSERT INTO commits VALUES (?, ?, '', NULL, 't', '', 'a', '')", (number, oid))
        assert revisions.resolve(db, number, "abcdef01").oid == "abcdef0" + "1" * 33
        with pytest.raises(HubError, match="abcdef0"):
            revisions.resolve(db, number, "abcdef0")


def test_refs_are_made_listed_and_deleted(alice: HfApi, filled: str) -> None:
    sha = alice.model_info(filled).sha
    alice.create_branch(filled, branch="one/two")
    alice.create_tag(filled, tag="production", revision="v1.0")
    refs = alice.list_repo_refs(filled, include_pull_requests=True)
    assert [(r.name, r.ref, r.target_commit) for r in refs.branches] == [
        ("main", "refs/heads/main", sha),
        ("one/two", "refs/heads/one/two", sha),
    ]
    assert [(r.name, r.ref) for r in refs.tags] == [("v1.0", "refs/tags/v1.0"), ("production", "refs/tags/production")]
    assert refs.pull_requests == []

    for again in (lambda: alice.create_tag(filled, tag="v1.0"), lambda: alice.create_branch(filled, branch="one/two")):
        with pytest.raises(HfHubHTTPError) as refused:
            again()
        assert refused.value.response.status_code == 409
    alice.create_tag(filled, tag="v1.0", exist_ok=True)
    alice.create_branch(filled, branch="one/two", exist_ok=True)

    alice.delete_tag(filled, tag="production")
    alice.delete_branch(filled, branch="one/two")
    refs = alice.list_repo_refs(filled)
    assert [r.name for r in refs.branches + refs.tags] == ["main", "v1.0"]
    for gone in (
        lambda: alice.delete_tag(filled, tag="production"),
        lambda: alice.delete_branch(filled, branch="one/two"),
        lambda: alice.create_tag(filled, tag="t", revision="nowhere"),
    ):
        with pytest.raises(RevisionNotFoundError):
            gone()
    with pytest.raises(HfHubHTTPError, match="Cannot delete refs/heads/main"):
        alice.delete_branch(filled, branch="main")


@pytest.mark.parametrize("name", ["refs/heads/x", "a..b", "-x", "a/", "x.lock", "a b", "a/.b", "x~1", "x^", "", "ü:"])
def test_reference_names_that_git_would_refuse(alice: HfApi, repo: str, name: str) -> None:
    with pytest.raises(HfHubHTTPError) as refused:
        alice.create_tag(repo, tag=name)
    assert refused.value.response.status_code == 400


def test_trees_are_paged_and_show_the_last_commits(alice: HfApi, repo: str) -> None:
    alice.create_branch(repo, branch="long/list")
    files = [CommitOperationAdd(f"d/{n:02}.txt", b"1") for n in range(13)]
    alice.create_commit(repo, files, commit_message="thirteen", revision="long/list")
    alice.create_commit(repo, [CommitOperationAdd("d/05.txt", b"2")], commit_message="one", revision="long/list")
    tree = {item.path: item for item in alice.list_repo_tree(repo, recursive=True, expand=True, revision="long/list")}
    assert sorted(tree) == [".gitattributes", "d", *(f"d/{n:02}.txt" for n in range(13))]
    titles = {path: item.last_commit.title for path, item in tree.items()}
    assert titles.pop("d/05.txt") == "one"
    assert titles.pop("d") == "one"
    assert titles.pop(".gitattributes") == "initial commit"
    assert set(titles.values()) == {"thirteen"}
    assert [item.path for item in alice.list_repo_tree(repo, revision="long/list")] == [".gitattributes", "d"]
    assert len(alice.list_repo_commits(repo, revision="long/list")) == 3
    (info,) = alice.get_paths_info(repo, ["d/05.txt", "nope"], expand=True, revision="long/list")
    assert info.last_commit.title == "one"


def test_later_pages_are_of_the_same_commit_as_the_first(alice: HfApi, repo: str, get: Get, hub: str) -> None:
    alice.create_commit(repo, [CommitOperationAdd(f"{n}.txt", b"1") for n in range(9)], commit_message="nine")
    first = get(f"/api/models/{repo}/tree/main")
    alice.create_commit(repo, [CommitOperationAdd(f"0{n}.txt", b"1") for n in range(9)], commit_message="nine more")
    second = get(first.links["next"]["url"].removeprefix(hub))
    names = [item["path"] for item in first.json() + second.json()]
    assert names == [".gitattributes", *(f"{n}.txt" for n in range(9))]


def test_information_and_what_was_asked_for(alice: HfApi, filled: str) -> None:
    info = alice.model_info(filled, files_metadata=True)
    siblings = {s.rfilename: s for s in info.siblings or []}
    assert siblings["model.safetensors"].lfs.sha256 == hashlib.sha256(WEIGHTS).hexdigest()
    assert siblings["notes.txt"].blob_id == object_id("blob", NOTES)
    assert siblings["notes.txt"].size == len(NOTES)
    assert info.author == "acme"
    assert info.created_at is not None
    assert info.last_modified is not None
    assert info.created_at.timestamp() - 1 <= info.last_modified.timestamp()

    few = alice.model_info(filled, expand=["sha", "private"])
    assert (few.sha, few.private, few.siblings, few.tags) == (info.sha, True, None, None)
    assert all(s.size is None for s in alice.model_info(filled).siblings or [])


def test_snapshots_at_revisions(alice: HfApi, filled: str, tmp_path: Path) -> None:
    folder = Path(alice.snapshot_download(filled, revision="v1.0", cache_dir=tmp_path))
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert (folder / "sub" / "folder" / "deep file #1.txt").read_bytes() == b"deep"
    assert folder.name == alice.model_info(filled).sha
    only = Path(alice.snapshot_download(filled, allow_patterns="*.txt", local_dir=tmp_path / "only"))
    assert not (only / "model.safetensors").exists()
    assert (only / "notes.txt").read_bytes() == NOTES
    assert Path(alice.snapshot_download(filled, revision="v1.0", cache_dir=tmp_path, local_files_only=True)) == folder


def test_the_clients_own_errors(alice: HfApi, as_user, filled: str) -> None:
    with pytest.raises(RevisionNotFoundError):
        alice.model_info(filled, revision="nowhere")
    with pytest.raises(RevisionNotFoundError):
        alice.hf_hub_download(filled, "notes.txt", revision="0" * 40)
    with pytest.raises(RevisionNotFoundError):
        alice.model_info(filled, revision="refs/pr/1")
    for path in ("absent.txt", "sub", "notes.txt/x"):
        with pytest.raises(EntryNotFoundError):
            alice.hf_hub_download(filled, path)
    with pytest.raises(RemoteEntryNotFoundError) as missing:
        list(alice.list_repo_tree(filled, "absent"))
    assert missing.value.response.headers["X-Repo-Commit"] == alice.model_info(filled).sha
    for name in ("acme/absent", "gpt2"):
        with pytest.raises(RepositoryNotFoundError):
            alice.model_info(name)
        with pytest.raises(RepositoryNotFoundError):
            alice.hf_hub_download(name, "config.json")
    assert not alice.file_exists(filled, "absent.txt")
    assert alice.file_exists(filled, "sub/other.txt")
    assert alice.revision_exists(filled, "v1.0")
    assert not alice.revision_exists(filled, "v2.0")


@pytest.mark.parametrize(
    "path",
    [
        "/{}/resolve/main/../../../../hub.sqlite",
        "/{}/resolve/main/..%2F..%2F..%2Fhub.sqlite",
        "/{}/resolve/main/%2e%2e/%2e%2e/key",
        "/{}/resolve/..%2F..%2Fkey/x",
        "/..%2f..%2fetc/passwd/resolve/main/x",
        "/api/models/..%2F../x/tree/main",
    ],
)
def test_no_address_leads_out_of_the_store(hub: str, repo: str, tokens: dict[str, str], path: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(hub).netloc)  # sends the path as it is
    connection.request("GET", path.format(repo), headers={"authorization": f"Bearer {tokens['alice']}"})
    answer = connection.getresponse()
    assert answer.status == 404
    assert b"SQLite" not in answer.read()
    connection.close()


def test_messages_that_quote_the_caller_cannot_add_headers(get: Get, filled: str) -> None:
    answer = get(f"/api/models/{filled}/revision/a%0d%0aX-Evil:%20yes%0d%0a%0d%0a%C3%BC")
    assert answer.status_code == 404
    assert "X-Evil" not in answer.headers
    assert answer.headers["X-Error-Code"] == "RevisionNotFound"
    assert answer.headers["X-Error-Message"] == "Invalid rev id: a??X-Evil: yes?????"


def test_bodies_larger_than_any_honest_one_are_refused(hub: str, filled: str, tokens: dict[str, str]) -> None:
    def endless() -> Iterator[bytes]:
        yield b'{"content": "'
        for _ in range(9):
            yield b"x" * 2**20
        yield b'"}'

    json, form = "application/json", "application/x-www-form-urlencoded"
    for path, kind in (("/api/validate-yaml", json), (f"/api/models/{filled}/paths-info/main", form)):
        headers = {"authorization": f"Bearer {tokens['alice']}", "content-type": kind}
        assert httpx.post(hub + path, content=endless(), headers=headers).status_code == 413, path


def test_unknown_calls_are_404(get: Get, filled: str) -> None:
    for path in (
        "/api/unknown",
        "/api/spaces",
        f"/api/models/{filled}/discussions",
        f"/api/models/{filled}/xet-read-token/x",
    ):
        answer = get(path)
        assert answer.status_code == 404
        assert "X-Error-Code" not in answer.headers, "the repository is there, the call is not"
    for path in ("/api/models/acme/absent/discussions", "/api/models/gpt2", "/api/spaces/a/b", "/gpt2/resolve/main/x"):
        answer = get(path)
        assert answer.status_code == 404
        assert answer.headers["X-Error-Code"] == "RepoNotFound"
    assert get("/healthz").json() == {"status": "ok"}


def test_addresses_are_those_of_the_hub(hub: str, filled: str, get: Get) -> None:
    url = hf_hub_url(filled, "sub/folder/deep file #1.txt", revision="v1.0", endpoint=hub)
    assert get(url.removeprefix(hub)).content == b"deep"
