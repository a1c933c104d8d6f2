from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest
from huggingface_hub import CommitOperationAdd, HfApi, constants
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
)

from pipeline.local.hub.store import Store

Client = Callable[[str | None], HfApi]


def status(call: Callable[[], object]) -> int:
    with pytest.raises(HfHubHTTPError) as refused:
        call()
    return refused.value.response.status_code


def test_create_once_and_again(alice: HfApi, repo: str) -> None:
    assert alice.model_info(repo).private is True
    assert alice.list_repo_files(repo) == [".gitattributes"]
    assert alice.create_repo(repo, exist_ok=True).repo_id == repo
    assert status(lambda: alice.create_repo(repo)) == 409
    assert alice.create_repo(repo.upper().replace("ACME", "acme"), exist_ok=True).repo_id == repo


def test_a_name_alone_is_in_ones_own_namespace(alice: HfApi) -> None:
    assert alice.create_repo("my-model").repo_id == "alice/my-model"
    alice.delete_repo("my-model")
    assert not alice.repo_exists("alice/my-model")
    alice.delete_repo("my-model", missing_ok=True)


@pytest.mark.parametrize(
    "name", ["acme/a--b", "acme/a..b", "acme/x.git", "acme/-x", "acme/", "acme/" + "x" * 97, "api/x"]
)
def test_bad_names_are_refused(hub: str, tokens: dict[str, str], name: str) -> None:
    namespace, _, rest = name.partition("/")
    answer = httpx.post(
        f"{hub}/api/repos/create",
        json={"name": rest, "organization": namespace},
        headers={"authorization": f"Bearer {tokens['alice']}"},
    )
    assert answer.status_code == 400
    assert "not a valid name" in answer.headers["X-Error-Message"]


def test_a_foreign_private_repository_looks_missing(
    as_user: Client, hub: str, repo: str, tokens: dict[str, str]
) -> None:
    bob = {"authorization": f"Bearer {tokens['bob']}"}
    missing = "acme/was-never-here"
    for method, path in [
        ("GET", "/api/models/{}"),
        ("GET", "/api/models/{}/tree/main"),
        ("GET", "/api/models/{}/refs"),
        ("GET", "/{}/resolve/main/.gitattributes"),
        ("HEAD", "/{}/resolve/main/.gitattributes"),
        ("PUT", "/api/models/{}/settings"),
        ("POST", "/api/models/{}/commit/main"),
        ("POST", "/api/models/{}/branch/b"),
        ("POST", "/{}.git/info/lfs/objects/batch"),
    ]:
        body = {"operation": "upload", "objects": [], "private": False} if method in {"PUT", "POST"} else None
        for headers in (bob, {}):
            there, absent = (
                httpx.request(method, hub + path.format(name), headers=headers, json=body) for name in (repo, missing)
            )
            assert there.status_code == absent.status_code == (404 if headers else 401), (method, path)
            assert there.headers["X-Error-Code"] == "RepoNotFound"
            assert there.content == absent.content

    for user in ("bob", None):
        with pytest.raises(RepositoryNotFoundError):
            as_user(user).model_info(repo)
        assert not as_user(user).repo_exists(repo)
        assert repo not in {model.id for model in as_user(user).list_models()}
    assert as_user("carol").model_info(repo).id == repo
    assert repo in {model.id for model in as_user("carol").list_models()}
    with pytest.raises(RepositoryNotFoundError):
        as_user("bob").delete_repo(repo)


@pytest.mark.parametrize("reader", ["alice-reads", "carol"])
def test_a_read_token_changes_nothing(as_user: Client, alice: HfApi, repo: str, reader: str) -> None:
    client = as_user(reader)
    before = alice.list_repo_refs(repo)
    for change in [
        lambda: client.create_repo("acme/new"),
        lambda: client.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=repo),
        lambda: client.create_branch(repo, branch="b"),
        lambda: client.create_tag(repo, tag="t"),
        lambda: client.update_repo_settings(repo, private=False),
        lambda: client.move_repo(repo, "acme/elsewhere"),
        lambda: client.delete_repo(repo),
        lambda: client.super_squash_history(repo),
        lambda: client.auth_check(repo, write=True),
    ]:
        assert status(change) == 403
    client.auth_check(repo)
    assert alice.list_repo_refs(repo) == before


def test_somebody_elses_public_repository_is_read_only(
    as_user: Client, alice: HfApi, repo: str, hub: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice.update_repo_settings(repo, private=False)
    bob = as_user("bob")

    assert bob.model_info(repo).private is False
    assert as_user(None).list_repo_files(repo) == [".gitattributes"]
    assert status(lambda: bob.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=repo)) == 403
    assert status(lambda: bob.delete_repo(repo)) == 403
    assert status(lambda: bob.create_repo("acme/bobs")) == 403
    assert status(lambda: bob.create_repo(repo, exist_ok=False)) == 403
    monkeypatch.setattr(constants, "ENDPOINT", hub)  # as HF_ENDPOINT would; the client forgets `endpoint=` on this path
    assert bob.create_repo(repo, exist_ok=True).repo_id == repo
    with pytest.raises(HfHubHTTPError):
        as_user(None).upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=repo)


def test_gated_shows_its_page_but_not_its_files(as_user: Client, alice: HfApi, repo: str) -> None:
    alice.update_repo_settings(repo, gated="manual", private=False)

    for user in ("bob", None):
        client = as_user(user)
        assert client.model_info(repo).gated == "manual"
        with pytest.raises(GatedRepoError):
            client.hf_hub_download(repo, ".gitattributes")
        with pytest.raises(GatedRepoError):
            client.auth_check(repo)
    assert as_user("carol").hf_hub_download(repo, ".gitattributes")
    alice.update_repo_settings(repo, gated=False)
    assert as_user(None).hf_hub_download(repo, ".gitattributes")


def test_a_moved_repository_is_found_under_its_old_name_by_those_who_may_see_it(
    as_user: Client, alice: HfApi, repo: str, hub: str, tokens: dict[str, str]
) -> None:
    alice.upload_file(path_or_fileobj=b"here", path_in_repo="where.txt", repo_id=repo)
    alice.create_repo("alice/taken", exist_ok=True)
    assert status(lambda: alice.move_repo(repo, "alice/taken")) == 409
    assert status(lambda: alice.move_repo(repo, "bob/mine")) == 403
    target = repo.replace("acme/", "alice/moved-")
    alice.move_repo(repo, target)

    assert alice.model_info(repo).id == target
    with open(alice.hf_hub_download(repo, "where.txt", force_download=True)) as file:
        assert file.read() == "here"
    with pytest.raises(RepositoryNotFoundError):
        as_user("bob").model_info(repo)
    with pytest.raises(RepositoryNotFoundError):
        as_user("carol").model_info(repo)
    for user, status_code in (("alice", 307), ("carol", 404)):
        headers = {"authorization": f"Bearer {tokens[user]}"}
        answer = httpx.get(f"{hub}/api/models/{repo}?blobs=1", headers=headers)
        assert answer.status_code == status_code
        assert answer.headers.get("location") == (f"/api/models/{target}?blobs=1" if user == "alice" else None)

    alice.create_repo(repo, private=True)
    assert alice.model_info(repo).id == repo
    assert alice.list_repo_files(repo) == [".gitattributes"]


def test_deletion_frees_what_nobody_else_holds(alice: HfApi, store: Store) -> None:
    shared, own = b"shared\0" * 300, b"own\0" * 300
    names = ["acme/delete-me", "acme/keep-me"]
    for name in names:
        alice.create_repo(name)
        alice.upload_file(path_or_fileobj=shared, path_in_repo="shared.bin", repo_id=name)
    alice.upload_file(path_or_fileobj=own, path_in_repo="own.bin", repo_id=names[0])
    infos = {info.path: info for info in alice.list_repo_tree(names[0])}

    alice.delete_repo(names[0])

    assert not alice.repo_exists(names[0])
    assert not store.blobs.path(infos["own.bin"].lfs.sha256).exists()
    assert store.blobs.path(infos["shared.bin"].lfs.sha256).read_bytes() == shared
    with open(alice.hf_hub_download(names[1], "shared.bin"), "rb") as file:
        assert file.read() == shared
    alice.delete_repo(names[1])


def test_lists_filter_by_author_text_tag_and_task(alice: HfApi, as_user: Client) -> None:
    cards = {
        "alice/list-one": "license: mit\ntags: [faq, tiny]\npipeline_tag: text-generation",
        "alice/list-two": "license: apache-2.0\ntags: [faq]\nlibrary_name: peft",
        "acme/list-three": "license: mit\ndatasets: [acme/pairs]",
    }
    for name, card in cards.items():
        alice.create_repo(name)
        alice.upload_file(path_or_fileobj=f"---\n{card}\n---\n# x\n".encode(), path_in_repo="README.md", repo_id=name)

    def found(**query: object) -> list[str]:
        return [model.id for model in as_user(None).list_models(search="list-", **query)]

    assert found() == ["acme/list-three", "alice/list-two", "alice/list-one"]
    assert found(author="alice") == ["alice/list-two", "alice/list-one"]
    assert found(filter="faq") == ["alice/list-two", "alice/list-one"]
    assert found(filter=["faq", "license:mit"]) == ["alice/list-one"]
    assert found(filter="peft") == ["alice/list-two"]
    assert found(trained_dataset="acme/pairs") == ["acme/list-three"]
    assert found(pipeline_tag="text-generation") == ["alice/list-one"]
    assert found(sort="created_at", limit=2) == ["acme/list-three", "alice/list-two"]
    assert found(gated=True) == []
    assert [m.id for m in as_user(None).list_models(author="alic")] == []
    model = next(iter(as_user(None).list_models(search="list-one", full=True, cardData=True)))
    assert model.card_data.license == "mit"
    assert [sibling.rfilename for sibling in model.siblings] == [".gitattributes", "README.md"]
    for name in cards:
        alice.delete_repo(name)


def test_long_lists_come_in_pages(alice: HfApi) -> None:
    names = [f"acme/paged-{number:02}" for number in range(12)]
    for name in names:
        alice.create_repo(name)
    assert sorted(model.id for model in alice.list_models(search="paged-")) == names
    assert len(list(alice.list_models(search="paged-", limit=7))) == 7
    for name in names:
        alice.delete_repo(name)


def test_datasets_are_separate_from_models(alice: HfApi) -> None:
    alice.create_repo("acme/both")
    alice.create_repo("acme/both", repo_type="dataset")
    operation = CommitOperationAdd("rows.jsonl", json.dumps({"q": 1}).encode())
    done = alice.create_commit("acme/both", [operation], commit_message="rows", repo_type="dataset")

    assert "/datasets/acme/both/commit/" in done.commit_url
    assert alice.list_repo_files("acme/both") == [".gitattributes"]
    assert alice.dataset_info("acme/both").sha == done.oid
    with open(alice.hf_hub_download("acme/both", "rows.jsonl", repo_type="dataset")) as file:
        assert json.load(file) == {"q": 1}
    assert status(lambda: alice.create_repo("acme/demo", repo_type="space", space_sdk="static")) == 400
    alice.delete_repo("acme/both")
    assert alice.repo_exists("acme/both", repo_type="dataset")
    alice.delete_repo("acme/both", repo_type="dataset")
