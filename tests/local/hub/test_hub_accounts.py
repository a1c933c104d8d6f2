from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

from pipeline.errors import PipelineError, SettingsError
from pipeline.local.hub.__main__ import main
from pipeline.local.hub.accounts import by_token_digest, digest, read_accounts
from pipeline.local.hub.config import HubConfig
from pipeline.local.hub.store import Store


def users_file(folder: Path, entries: object) -> Path:
    path = folder / "users.json"
    path.write_text(json.dumps(entries))
    return path


def entry(name: str, token: str, **more: object) -> dict[str, object]:
    return {"name": name, "token": token, **more}


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ({"name": "a"}, "list"),
        ([entry("a", "short")], "token"),
        ([entry("a", "secret-token-1", role="admin")], "role"),
        ([entry("a/b", "secret-token-1")], "name"),
        ([entry("a", "secret-token-1", surprise=1)], "surprise"),
        ([entry("a", "secret-token-1"), entry("b", "secret-token-1")], "same token"),
        ([entry("api", "secret-token-1")], "Reserved"),
        ([entry("a", "secret-token-1", orgs=["b"]), entry("B", "secret-token-2")], "both a user and an organisation"),
    ],
)
def test_a_wrong_users_file_is_refused_in_words_without_its_tokens(
    tmp_path: Path, entries: object, reason: str
) -> None:
    with pytest.raises(SettingsError, match=reason) as refused:
        read_accounts(users_file(tmp_path, entries))

    assert "secret-token" not in str(refused.value)
    assert "users.json" in str(refused.value)


def test_a_missing_or_broken_users_file_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.log.configure", lambda **_: None)  # it would outlive this test's standard error
    with pytest.raises(SettingsError, match=r"cannot be read.*absent\.json"):
        read_accounts(tmp_path / "absent.json")
    (tmp_path / "users.json").write_text("[{")
    assert main(["--root", str(tmp_path / "hub"), "--users", str(tmp_path / "users.json")]) == 1
    assert "not JSON" in capsys.readouterr().err


def test_tokens_are_stored_hashed_and_leave_with_the_file(tmp_path: Path) -> None:
    kept, gone = "the-token-that-stays", "the-token-that-leaves"
    config = HubConfig(tmp_path / "hub")
    first = read_accounts(users_file(tmp_path, [entry("a", kept, orgs=["x"]), entry("a", gone, orgs=["y"])]))
    store = Store.open(config, first)
    with store.database.read() as db:
        principal = by_token_digest(db, digest(gone))
    assert principal is not None
    assert principal.orgs == ("x", "y")
    store.close()
    for file in config.root.rglob("*"):
        assert file.is_dir() or gone.encode() not in file.read_bytes()

    store = Store.open(config, read_accounts(users_file(tmp_path, [entry("a", kept)])))
    with store.database.read() as db:
        assert by_token_digest(db, digest(gone)) is None
        principal = by_token_digest(db, digest(kept))
    store.close()
    assert principal is not None
    assert principal.orgs == ()


def test_one_folder_has_one_server(tmp_path: Path) -> None:
    config = HubConfig(tmp_path)
    store = Store.open(config, [])
    with pytest.raises(PipelineError, match="already serves this folder"):
        Store.open(config, [])
    store.close()
    Store.open(config, []).close()


def test_what_is_stored_is_for_its_owner_only(store: Store) -> None:
    for name in ("key", "hub.sqlite", "blobs", "staging", "parts"):
        assert (store.config.root / name).stat().st_mode & 0o077 == 0, name


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "staging").mkdir()
    (tmp_path / "staging" / "precious.txt").write_text("not ours")
    with pytest.raises(PipelineError, match="not a model store"):
        Store.open(HubConfig(tmp_path), [])
    assert (tmp_path / "staging" / "precious.txt").read_text() == "not ours"


def test_metadata_of_another_version_is_refused(tmp_path: Path) -> None:
    store = Store.open(HubConfig(tmp_path), [])
    with store.database.write() as db:
        db.execute("PRAGMA user_version = 99")
    store.close()
    with pytest.raises(PipelineError, match="schema version 99"):
        Store.open(HubConfig(tmp_path), [])


def test_whoami_knows_users_and_organisations(as_user) -> None:
    me = as_user("carol").whoami()

    assert me["name"] == "carol"
    assert [org["name"] for org in me["orgs"]] == ["acme"]
    assert me["auth"]["accessToken"]["role"] == "read"


def test_a_bad_token_is_401_even_for_public_things(alice, hub: str, repo: str) -> None:
    alice.update_repo_settings(repo, private=False)
    for path in ("/api/whoami-v2", "/api/models", f"/api/models/{repo}", f"/{repo}/resolve/main/.gitattributes"):
        for value in ("Bearer nobody-has-this-token", "Basic YTpi", "Bearer"):
            answer = httpx.get(hub + path, headers={"authorization": value})
            assert answer.status_code == 401, (path, value)
            assert answer.headers["X-Error-Message"] == "Invalid credentials in Authorization header"

    stranger = type(alice)(endpoint=hub, token="nobody-has-this-token")
    with pytest.raises(HfHubHTTPError, match="Invalid credentials") as refused:
        stranger.model_info(repo)
    assert not isinstance(refused.value, RepositoryNotFoundError)
    with pytest.raises(HfHubHTTPError, match="Invalid user token"):
        stranger.whoami()
