"""Which calls the publisher makes of a Hub: only those of its documented API, with what makes a release safe.

Recorded at the HTTP client while a release, its promotion, a second one, a rollback and a withdrawal run against the
embedded store. What is expected is the Hub's public HTTP API as huggingface_hub's own methods use it, so a change of
the client or of the publisher that would meet a real Hub unprepared shows here.
"""

from __future__ import annotations

import inspect
import json
import re
import socket
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import CommitOperationCopy, HfApi, set_client_factory
from huggingface_hub.errors import HfHubHTTPError
from promotions import promote_compared

from pipeline import hub_client
from pipeline.audit import AuditLog
from pipeline.errors import Refused, StoreError
from pipeline.lake import Lake
from pipeline.publish.release import release
from pipeline.publish.rollback import rollback
from pipeline.publish.store import ModelStore
from pipeline.settings import PublishSettings, Settings

OID = r"[0-9a-f]{40}"
MODEL = r"/api/models/acme/[\w-]+"
DOCUMENTED = {
    "create a repository": r"POST /api/repos/create",
    "who can read the repository": rf"GET {MODEL}",
    "branches and tags": rf"GET {MODEL}/refs",
    "how to send files": rf"POST {MODEL}/preupload/(main|production)",
    "where to send large files": r"POST /acme/[\w-]+\.git/info/lfs/objects/batch",
    "a large file": r"PUT /lfs/(whole|part)/.+",
    "a large file arrived": r"POST /lfs/(verify|join)/.+",
    "the card's header": r"POST /api/validate-yaml",
    "a commit": rf"POST {MODEL}/commit/(main|production)",
    "a tag": rf"POST {MODEL}/tag/{OID}",
    "a branch": rf"POST {MODEL}/branch/production",
    "a revision": rf"GET {MODEL}/revision/({OID}|main|production)",
    "files of a revision": rf"GET {MODEL}/tree/({OID}|main)",
    "some files of a revision": rf"POST {MODEL}/paths-info/({OID}|main|production)",
    "a file": rf"(HEAD|GET) /acme/[\w-]+/resolve/({OID}|production)/.+",
}
OF_THE_CLIENT = "/api/agent-harnesses"
"""Asked by huggingface_hub itself, at most once a day, without the publisher's doing."""
HIDDEN = ("/lfs/whole", "/lfs/part")


class Recorder:
    """Every request, as the client sends it."""

    def __init__(self) -> None:
        self.requests: list[httpx2.Request] = []

    def client(self) -> httpx2.Client:
        made = hub_client.client()
        made.event_hooks = {**made.event_hooks, "request": [*made.event_hooks["request"], self._take]}
        return made

    def _take(self, request: httpx2.Request) -> None:
        if request.url.path != OF_THE_CLIENT:
            self.requests.append(request)

    def lines(self) -> list[str]:
        return [f"{request.method} {request.url.path}" for request in self.requests]

    def commits(self) -> list[dict]:
        """Return each commit's header and operations."""
        bodies = [request.content for request in self.requests if "/commit/" in request.url.path]
        return [{"lines": [json.loads(line) for line in body.splitlines()]} for body in bodies]


@pytest.fixture
def recorded() -> Iterator[Recorder]:
    recorder = Recorder()
    set_client_factory(recorder.client)
    yield recorder
    set_client_factory(hub_client.client)


@pytest.fixture
def played(recorded: Recorder, store: ModelStore, lake: Lake, build: Callable[..., Callable[[str], Path]]) -> Recorder:
    """A life: two releases, a rollback, a release that is withdrawn."""
    audit = AuditLog(lake)

    def good(folder: Path) -> None:
        pass

    def bad(folder: Path) -> None:
        raise Refused("it answers differently")

    for name in ("a", "b"):
        made = release(store, build(name, name), identity={"run_id": name, "model": name}, check=good)
        promote_compared(store, lake, audit, made, run_id=name, model=name)
    rollback(store, lake, audit, to=None, actor="operator", reason="it is worse in production")
    with pytest.raises(Refused):
        release(store, build("c", "c"), identity={"run_id": "c", "model": "c"}, check=bad)
    return recorded


def test_only_documented_calls_are_made_and_all_are_known(played: Recorder) -> None:
    unknown = [line for line in played.lines() if not any(re.fullmatch(known, line) for known in DOCUMENTED.values())]
    assert unknown == []
    used = {name for name, known in DOCUMENTED.items() if any(re.fullmatch(known, line) for line in played.lines())}
    assert {"create a repository", "a commit", "a tag", "a branch", "branches and tags", "a file"} <= used


def test_every_commit_names_its_parent_and_copies_name_their_revision(played: Recorder) -> None:
    commits = played.commits()
    assert len(commits) == 6  # three releases, one of them withdrawn, and the alias moved twice after it was made
    for commit in commits:
        (header,) = [line["value"] for line in commit["lines"] if line["key"] == "header"]
        assert re.fullmatch(OID, header["parentCommit"])
        assert header["summary"]


def test_the_token_goes_to_the_store_only_and_never_with_an_upload(played: Recorder, settings: Settings) -> None:
    for request in played.requests:
        assert str(request.url).startswith(str(settings.publish.endpoint))
        sent = request.headers.get("authorization")
        if request.url.path.startswith(HIDDEN):
            assert sent is None, "an upload's address is signed; its storage is not the Hub's"
        else:
            assert sent == f"Bearer {settings.publish.token.get_secret_value()}"


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("create_repo", {"private", "exist_ok"}),
        ("create_commit", {"operations", "commit_message", "revision", "parent_commit"}),
        ("create_tag", {"tag", "revision", "tag_message"}),
        ("create_branch", {"branch", "revision"}),
        ("model_info", set()),
        ("list_repo_refs", set()),
        ("list_repo_files", {"revision"}),
        ("list_repo_tree", {"recursive", "revision"}),
        ("hf_hub_download", {"revision", "cache_dir"}),
        ("snapshot_download", {"revision", "local_dir"}),
    ],
)
def test_the_client_takes_what_the_publisher_gives(method: str, arguments: set[str]) -> None:
    assert arguments <= set(inspect.signature(getattr(HfApi, method)).parameters)
    assert "src_revision" in inspect.signature(CommitOperationCopy).parameters


def test_a_store_that_takes_the_call_and_never_answers_is_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(hub_client, "TIMEOUT", httpx2.Timeout(0.3))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        set_client_factory(hub_client.client)
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        publish = PublishSettings(endpoint=address, token="hf_x", repository="a/b")
        with pytest.raises(StoreError, match=r"does not answer .*publish\.endpoint"):
            ModelStore(Settings(publish=publish, state_dir=tmp_path)).versions()
    monkeypatch.undo()
    set_client_factory(hub_client.client)


@pytest.mark.parametrize("status", [403, None])
def test_a_failed_upload_is_told_without_its_signature(
    status: int | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    signed = "https://s3.example.com/a/b?X-Amz-Signature=topsecret"

    def fails(*_: object, **__: object) -> None:
        request = httpx2.Request("PUT", signed)
        if status is None:
            raise httpx2.ConnectError(f"cannot connect to {signed}", request=request)
        raise HfHubHTTPError(f"{status} Forbidden for url {signed}", response=httpx2.Response(status, request=request))

    publish = PublishSettings(endpoint="http://127.0.0.1:1", token="hf_x", repository="a/b")
    monkeypatch.setattr(HfApi, "list_repo_refs", fails)
    with pytest.raises(StoreError, match=r"s3\.example\.com/a/b\?…") as caught:
        ModelStore(Settings(publish=publish, state_dir=tmp_path)).versions()
    shown = "".join(traceback.format_exception(caught.value))
    assert "topsecret" not in shown
