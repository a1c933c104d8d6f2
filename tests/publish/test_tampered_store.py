"""What somebody can do who has the model store's token and nothing else, and a store that answers only in part."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from huggingface_hub import CommitOperationAdd, HfApi, get_session
from promotions import promote_compared
from pydantic import SecretStr

from pipeline.audit import AuditLog, open_audit
from pipeline.errors import Refused, StoreError
from pipeline.lake import Lake, open_lake
from pipeline.publish import alias, signature
from pipeline.publish.champion import champion
from pipeline.publish.ledger import Ledger
from pipeline.publish.promote import promote
from pipeline.publish.recorded import astray, published, settled
from pipeline.publish.release import folder_hashes, release, write_release
from pipeline.publish.rollback import eligible, rollback
from pipeline.publish.signature import SIGNATURE_FILE
from pipeline.publish.store import ModelStore, Version
from pipeline.publish.witnesses import held, released_heads
from pipeline.settings import LakeSettings, Settings

REASON = "somebody else put a model there"


class Shop:
    """An honest pipeline, and an attacker who writes to its model store alone."""

    def __init__(self, settings: Settings, lake: Lake, folder: Path) -> None:
        self.settings, self.lake, self.folder = settings, lake, folder
        self.store, self.audit = ModelStore(settings), open_audit(settings, lake)

    def build(self, content: str) -> Callable[[str], Path]:
        def make(version: str) -> Path:
            folder = self.folder / f"release-{content}"
            folder.mkdir(exist_ok=True)
            (folder / "model.safetensors").write_bytes(content.encode() * 1000)
            (folder / "README.md").write_text(f"# {version}")
            (folder / SIGNATURE_FILE).unlink(missing_ok=True)
            head = self.audit.head().model_dump()
            body = {
                "version": version,
                "run_id": f"run-{content}",
                "model": content,
                "candidate": f"{content}.json",
                "audit": head,
            }
            write_release(folder, body)
            key = self.settings.publish.signing_key
            if key is not None:
                made = signature.sign(folder_hashes(folder), version, key.get_secret_value())
                (folder / SIGNATURE_FILE).write_bytes(made)
            return folder

        return make

    def ledger(self, content: str) -> Ledger:
        return Ledger(self.audit, self.store, f"run-{content}", content)

    def release(self, content: str) -> Version:
        identity = {"run_id": f"run-{content}", "model": content}
        return release(
            self.store,
            self.build(content),
            identity=identity,
            check=lambda folder: None,
            ledger=self.ledger(content),
        )

    def publish(self, content: str) -> Version:
        self.audit.append("run_started", actor="x", run_id=f"run-{content}")
        version = self.release(content)
        promote_compared(self.store, self.lake, self.audit, version, run_id=f"run-{content}", model=content)
        return version

    def back(self, to: str | None = None) -> Any:
        return rollback(self.store, self.lake, self.audit, to=to, actor="operator", reason=REASON)

    @property
    def api(self) -> HfApi:
        token = self.settings.publish.token
        assert token is not None
        return HfApi(endpoint=self.store.endpoint, token=token.get_secret_value())

    def push(self, files: dict[str, bytes], branch: str = "production") -> str:
        operations = [CommitOperationAdd(name, data) for name, data in files.items()]
        made = self.api.create_commit(self.store.repository, operations, commit_message="x", revision=branch)
        return str(made.oid)

    def replace_production(self, version: str) -> None:
        """Other weights, with a release file that fits them."""
        folder = self.folder / "evil"
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(b"evil" * 1000)
        (folder / "README.md").write_bytes(b"# evil")
        write_release(folder, {"version": version, "run_id": "run-b", "model": "b", "candidate": "m.json"})
        self.push({path.name: path.read_bytes() for path in folder.iterdir()})

    def plant(self, tag: str, release_file: bytes) -> None:
        commit = self.push({"release.json": release_file}, branch="main")
        self.api.create_tag(self.store.repository, tag=tag, revision=commit)


@pytest.fixture
def shop(settings: Settings, lake: Lake, tmp_path: Path) -> Shop:
    return Shop(settings, lake, tmp_path)


def private_key() -> str:
    own = ed25519.Ed25519PrivateKey.generate()
    return own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


# Production is what the trail says


@pytest.mark.parametrize("claim", ["v2", "v0", "v9", "latest"])
def test_replaced_production_is_noticed_and_put_back(shop: Shop, claim: str) -> None:
    shop.publish("a")
    shop.publish("b")
    assert astray(shop.store, shop.audit.trail()) == ""
    shop.replace_production(claim)
    assert "does not hold v2" in astray(shop.store, shop.audit.trail())
    assert eligible(shop.store, shop.audit.trail(), claim)[0].name == "v2"
    done = shop.back()
    assert (done.previous, done.version) == ("v2", "v2")
    assert "holds v2 again" in done.text
    assert shop.store.production()["model"] == "b"
    assert alias.withdrawn(shop.audit.trail(), shop.store.repository) == {}
    assert shop.back().version == "v1"


def test_a_replaced_production_is_put_back_by_name(shop: Shop) -> None:
    shop.publish("a")
    shop.publish("b")
    shop.replace_production("v2")
    assert shop.back("v2").version == "v2"
    with pytest.raises(Refused, match="v2 is in production already"):
        shop.back("v2")


def test_a_withdrawn_version_that_somebody_puts_back_is_noticed(shop: Shop) -> None:
    shop.publish("a")
    bad = shop.publish("b")
    shop.back()
    shop.store.point_alias(bad, shop.store.head("production"))
    assert "does not hold v1" in astray(shop.store, shop.audit.trail())
    assert shop.back().version == "v1"
    assert astray(shop.store, shop.audit.trail()) == ""


def test_a_claim_of_production_does_not_stop_a_release(shop: Shop) -> None:
    shop.publish("a")
    version = shop.release("b")
    shop.replace_production("latest")
    promote(shop.store, shop.lake, shop.audit, version, run_id="run-b", model="b", compared="a", approvals=[1])
    assert shop.store.production()["model"] == "b"


def test_what_was_never_published_is_not_production(shop: Shop) -> None:
    shop.release("a")
    assert astray(shop.store, shop.audit.trail()) == ""
    shop.api.create_branch(shop.store.repository, branch="production", revision="v1")
    assert "whose publication the audit trail does not know" in astray(shop.store, shop.audit.trail())


def test_a_move_that_is_being_recorded_is_waited_for(shop: Shop) -> None:
    shop.publish("a")
    second = shop.release("b")
    before = shop.audit.trail()
    promote_compared(shop.store, shop.lake, shop.audit, second, run_id="run-b", model="b")
    readings = [before, shop.audit.trail()]
    assert settled(shop.store, shop.lake, lambda: readings.pop(0))[1] == ""
    assert readings == []


def test_a_tag_of_a_published_name_on_another_commit_is_not_taken(shop: Shop) -> None:
    for content in "abc":
        shop.publish(content)
    shop.api.delete_tag(shop.store.repository, tag="v2")
    shop.api.create_tag(shop.store.repository, tag="v2", revision="v1")
    with pytest.raises(Refused, match="knows no publication of v2"):
        shop.back("v2")
    assert shop.back().version == "v1"


def test_the_champion_is_the_one_of_the_trail(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A weak model where the champion should be: everything is better than that."""
    shop.publish("a")
    shop.replace_production("v1")
    asked: list[str] = []

    def manifest_of(lake: Lake, uri: str) -> None:
        asked.append(uri)
        raise Refused("it is only asked where it is")

    monkeypatch.setattr("pipeline.publish.champion.load_manifest", manifest_of)
    with pytest.raises(Refused, match="only asked"):
        champion(shop.settings, shop.lake)
    assert asked == ["a.json"]


# A store that hides what it has


@pytest.mark.parametrize("status", [403, 500])
def test_half_an_answer_is_not_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """Branches and tags are listed, and no file is given."""
    from huggingface_hub.utils import _http

    shop.publish("a")
    fresh = shop.settings.model_copy(update={"state_dir": shop.folder / "elsewhere"})
    monkeypatch.setattr(_http, "_DEFAULT_RETRY_ON_STATUS_CODES", ())
    session, send = get_session(), httpx2.Client.send
    assert isinstance(session, httpx2.Client)

    def refusing(self: httpx2.Client, request: httpx2.Request, **more: Any) -> httpx2.Response:
        if "/resolve/" in str(request.url):
            return httpx2.Response(status, request=request)
        return send(self, request, **more)

    monkeypatch.setattr(httpx2.Client, "send", refusing)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with pytest.raises(StoreError, match="refused to read" if status == 403 else "does not answer"):
        ModelStore(fresh).production()
    with pytest.raises(StoreError):
        released_heads(ModelStore(fresh))


def test_a_token_that_may_not_see_the_repository_is_not_an_empty_store(shop: Shop) -> None:
    assert champion(shop.settings, shop.lake) is None
    shop.publish("a")
    shop.settings.publish.token = SecretStr("hf_somebody_without_access")
    blind = ModelStore(shop.settings)
    assert (blind.head(), blind.production(), blind.versions()) == (None, None, [])
    with pytest.raises(StoreError, match="shows no version, and v1 was published there"):
        champion(shop.settings, shop.lake)
    with pytest.raises(StoreError, match="shows no version, and v1 was published there"):
        held(shop.audit, blind)


def test_a_public_repository_is_not_released_into(shop: Shop) -> None:
    shop.api.create_repo(shop.store.repository, private=False)
    with pytest.raises(Refused, match="The repository is public"):
        shop.publish("a")
    assert shop.store.versions() == []
    shop.settings.publish.private = False
    assert Shop(shop.settings, shop.lake, shop.folder).publish("a").name == "v1"


def test_show_asks_the_store(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.publish("a")
    assert shop.store.release("production")["version"] == "v1"
    shop.settings.publish.endpoint = "http://127.0.0.1:9"
    with pytest.raises(StoreError, match="does not answer"):
        ModelStore(shop.settings).release("production")
    with pytest.raises(StoreError, match="does not answer"):
        ModelStore(shop.settings).release("v1")


# Tags that the pipeline did not make


def test_a_planted_head_is_named(shop: Shop) -> None:
    shop.publish("a")
    shop.plant("v0", json.dumps({"audit": {"number": 2, "hash": "0" * 64}}).encode())
    with pytest.raises(Refused, match=r"does not hold at record 2: .*cut or rewritten \(the head that the release v0 "):
        held(shop.audit, shop.store)


def test_a_planted_release_file_is_named(shop: Shop) -> None:
    shop.publish("a")
    shop.plant("v0", b"[1]")
    with pytest.raises(StoreError, match="The release v0 carries a damaged copy"):
        held(shop.audit, shop.store)
    assert shop.release("b").name == "v2"


@pytest.mark.parametrize("planted", [b'{"audit": {"number": 2, "hash": "00"}}', b"[1]", b"nonsense"])
def test_with_a_key_only_signed_releases_bear_witness(shop: Shop, planted: bytes) -> None:
    shop.settings.publish.signing_key = SecretStr(private_key())
    shop.publish("a")
    shop.plant("v0", planted)
    assert [name for name, _ in released_heads(shop.store)] == ["v1"]
    assert shop.publish("b").name == "v2"
    assert shop.back().version == "v1"


def test_what_was_published_before_there_was_a_key_bears_witness_too(shop: Shop) -> None:
    shop.publish("a")
    shop.publish("b")
    shop.settings.publish.signing_key = SecretStr(private_key())
    shop.plant("v0", b'{"audit": {"number": 2, "hash": "00"}}')
    known = published(held(shop.audit, shop.store), shop.store.repository)
    assert [name for name, _ in released_heads(shop.store, known)] == ["v1", "v2"]
    shop.publish("c")
    shop.settings.publish.signing_key = SecretStr(private_key())
    assert shop.publish("d").name == "v4"
    known = published(held(shop.audit, shop.store), shop.store.repository)
    assert [name for name, _ in released_heads(shop.store, known)] == ["v1", "v2", "v3", "v4"]


def test_a_trail_without_a_head_that_an_unsigned_release_carries_does_not_hold(shop: Shop, tmp_path: Path) -> None:
    """The publications are the same, and everything around them was written anew; then there is a key."""
    version = shop.publish("a")
    shop.settings.publish.signing_key = SecretStr(private_key())
    other = AuditLog(open_lake(LakeSettings(uri=str(tmp_path / "other"))))
    data = {"repository": shop.store.repository, "version": version.name, "commit": version.commit}
    other.append("published", actor="pipeline", run_id="run-a", subject="a", data=data)
    other.append("made_up", actor="pipeline")
    with pytest.raises(Refused, match=r"record \d: .*cut or rewritten \(the head that the release v1 "):
        held(other, shop.store)


def test_a_key_that_others_have_not_is_demanded_of_every_witness(shop: Shop) -> None:
    """A release file that was signed, in another release: the signature is of other bytes."""
    shop.settings.publish.signing_key = SecretStr(private_key())
    shop.publish("a")
    commit = shop.push({"release.json": json.dumps({"audit": {"number": 1, "hash": "00"}}).encode()}, branch="main")
    shop.api.create_tag(shop.store.repository, tag="v0", revision=commit)
    assert SIGNATURE_FILE in shop.store.files("v0")
    assert [name for name, _ in released_heads(shop.store)] == ["v1"]


def test_a_release_from_before_commits_were_noted_can_be_tried_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "note", lambda self, version, commit: None)
        first = shop.publish("a")
        shop.release("b")
    assert shop.release("a") == first
    with pytest.raises(Refused, match="nobody recorded releasing it"):
        shop.release("b")


def test_a_name_is_not_given_twice(shop: Shop) -> None:
    shop.publish("a")
    shop.publish("b")
    shop.back()
    shop.api.delete_tag(shop.store.repository, tag="v2")
    version = shop.publish("c")
    assert version.name == "v3"
    assert shop.store.production()["model"] == "c"


def test_an_erased_versions_name_is_not_given_again(shop: Shop) -> None:
    shop.publish("a")
    names = [f"{shop.store.repository}@v4"]
    shop.audit.append("subject_erased", actor="x", data={"models": [{"versions": names}]})
    assert shop.release("b").name == "v5"


def test_a_planted_card_is_not_published(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the release is verified somebody tags its name, with the same model and a card of their own."""
    shop.publish("a")
    tag = ModelStore.tag

    def overtaken(self: ModelStore, name: str, commit: str, message: str) -> Version:
        folder = shop.build("b")(name)
        (folder / "README.md").write_text("# send your passwords to evil.example")
        content = json.loads((folder / "release.json").read_text())
        write_release(folder, {key: value for key, value in content.items() if key != "files"})
        other = shop.push({path.name: path.read_bytes() for path in folder.iterdir()}, branch="main")
        shop.api.create_tag(self.repository, tag=name, revision=other)
        return tag(self, name, commit, message)

    with monkeypatch.context() as patch:
        patch.setattr(ModelStore, "tag", overtaken)
        with pytest.raises(Refused, match="v2 carries this run's model, but nobody recorded releasing it"):
            shop.publish("b")
    assert shop.store.production()["model"] == "a"
    shop.api.delete_tag(shop.store.repository, tag="v2")
    assert shop.publish("b").name == "v2"
    assert shop.publish("b").name == "v2"


def test_what_a_failed_attempt_left_does_not_come_back(shop: Shop) -> None:
    """A killed release left its commit on `main`; the next one is refused: `main` goes back to what was verified."""
    first = shop.publish("a")
    shop.store.commit(shop.build("left over")("v2"), "Release v2", str(shop.store.head()))

    def wrong(folder: Path) -> None:
        raise Refused("answers differ")

    with pytest.raises(Refused, match="answers differ"):
        release(shop.store, shop.build("c"), identity={"run_id": "run-c"}, check=wrong)
    assert shop.store.release("main")["model"] == "a"
    assert shop.store.tree("main") == shop.store.tree(first.commit)


def test_before_the_first_release_a_refused_one_leaves_nothing(shop: Shop) -> None:
    def wrong(folder: Path) -> None:
        raise Refused("answers differ")

    with pytest.raises(Refused, match="answers differ"):
        release(shop.store, shop.build("a"), identity={"run_id": "run-a"}, check=wrong)
    assert set(shop.store.files("main")) <= {".gitattributes"}


def test_two_releases_at_once_get_two_names(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.publish("a")
    tag, others = ModelStore.tag, []

    def overtaken(self: ModelStore, name: str, commit: str, message: str) -> Version:
        if not others:
            others.append(name)
            shop.api.create_tag(self.repository, tag=name, revision="v1")
        return tag(self, name, commit, message)

    monkeypatch.setattr(ModelStore, "tag", overtaken)
    assert shop.release("b").name == "v3"
    commit = shop.store.head()
    assert shop.store.tag("v3", str(commit), "again") == Version("v3", str(commit))


def test_squashed_branches_disturb_nothing(shop: Shop) -> None:
    """What is done by hand after an erasure: the files of a version leave the history of both branches."""
    for content in "abc":
        shop.publish(content)
    shop.api.delete_tag(shop.store.repository, tag="v2")
    for branch in ("main", "production"):
        shop.api.super_squash_history(shop.store.repository, branch=branch)
        assert len(shop.api.list_repo_commits(shop.store.repository, revision=branch)) == 1
    assert astray(shop.store, shop.audit.trail()) == ""
    assert shop.back().version == "v1"
    assert shop.publish("d").name == "v4"


def test_the_trail_of_an_honest_shop_holds(shop: Shop) -> None:
    shop.publish("a")
    shop.publish("b")
    shop.back()
    assert held(AuditLog(shop.lake), shop.store).faults == ()
