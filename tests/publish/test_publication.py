"""Publication as an attacker meets it: a real model, a real store, a signed trail, and bytes changed at every point."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pydantic import SecretStr
from review.court import KEY, Court, Forger, settings_in, write_files

from pipeline.answering import Answerer, Asked
from pipeline.audit import AuditLog
from pipeline.audit.records import Head, Record
from pipeline.errors import Refused
from pipeline.manifest import Manifest, load_manifest
from pipeline.publish import checks, stage
from pipeline.publish.champion import champion
from pipeline.publish.release import folder_hashes, write_release
from pipeline.publish.store import ModelStore
from pipeline.publish.witnesses import released_heads
from pipeline.review import signoff
from pipeline.settings import AuditSettings, Settings
from pipeline.stage import Attempt
from pipeline.train import tiny

QUESTION, CONTEXT, TOKENS = "How long?", "Within 30 days.", 8
EVIDENCE = {
    "candidate": "tune",
    "base": "base-model",
    "prepared": "prepare",
    "evaluation": "evaluate",
    "compliance": "comply",
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    corpus = [f"{CONTEXT} {QUESTION} an answer of words {n}" for n in range(40)]
    return tiny.build(tmp_path_factory.mktemp("model") / "tiny", "llama", corpus, vocabulary=300)


@pytest.fixture
def court(settings: Settings, tmp_path: Path, model: Path) -> Court:
    """A run that is approved, before its publication."""
    made = settings_in(tmp_path)
    made.publish = settings.publish
    return approve(Court(made), model)


def approve(court: Court, model: Path, seed: str = "", compared: bool = True) -> Court:
    files = {path.name: path.read_bytes() for path in model.iterdir() if path.is_file()}
    answer = Answerer(model).answer([Asked(CONTEXT, QUESTION)], max_new_tokens=TOKENS)[0]
    court.start()
    base = court.stage("base-model", write_files(files, "model"), seed=seed)
    prepared = court.stage("prepare", write_files({"rows": b"rows"}, "rows"), seed=seed)
    inputs = {"base": base, "prepared": prepared}
    candidate = court.stage("tune", write_files({**files, "seed": seed.encode()}, "model"), inputs, seed)

    def evaluated(attempt: Attempt) -> None:
        attempt.lake.write(attempt.uri("report", "report.json"), b"{}")
        row = {"question": QUESTION, "context": CONTEXT, "candidate": answer}
        batch = pa.RecordBatch.from_pylist([row])
        attempt.lake.write_batches(attempt.uri("answers", "part.parquet"), [batch], batch.schema)

    present = champion(court.settings, court.lake) if compared else None
    rivals = {"champion": present} if present else {}
    evaluation = court.stage("evaluate", evaluated, {"candidate": candidate, **inputs, **rivals}, seed)
    checked = {"candidate": candidate, "evaluation": evaluation, **inputs}
    facts = write_files({"report.json": court.report(), "report.html": b"<p>"})
    court.stage("comply", facts, checked, seed)
    court.gate()
    court.review("model", "ada")
    court.review("legal", "lex")
    return court


def publish(court: Court, **changes: Manifest) -> Manifest:
    inputs = {name: court.made[key] for name, key in EVIDENCE.items()} | changes
    return stage.run(court.settings, court.lake, run_id=court.run, **inputs)


@pytest.fixture(autouse=True)
def plain_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """The manifests here have no figures for a card; what a card says is tested elsewhere."""
    monkeypatch.setattr(stage, "render", lambda facts: f"# {facts.version}")
    monkeypatch.setattr(checks, "max_new_tokens", lambda evaluation: TOKENS)


def nothing_published(court: Court) -> bool:
    return ModelStore(court.settings).production() is None and ModelStore(court.settings).versions() == []


def test_approved_bytes_are_published(court: Court) -> None:
    assert publish(court).facts["version"] == "v1"
    release = ModelStore(court.settings).production()
    assert release["model"] == court.made["tune"].output("model").digest
    assert court.audit.verify(tuple(head for _, head in released_heads(ModelStore(court.settings)))) == []


def candidate_uri(court: Court) -> str:
    return court.made["tune"].output("model").uri


@pytest.mark.parametrize(
    ("attack", "reason"),
    [
        (
            lambda c: c.lake.write(f"{candidate_uri(c)}/model.safetensors", b"evil"),
            r"model\.safetensors is not the one",
        ),
        (lambda c: c.lake.write(f"{candidate_uri(c)}/.cache/huggingface/x.py", b"evil"), "x.py is not the one"),
        (lambda c: c.lake.write(f"{candidate_uri(c)}/.gitattributes", b"evil"), "gitattributes is not the one"),
        (lambda c: c.lake.write(f"{candidate_uri(c)}/modeling_evil.py", b"evil"), "modeling_evil.py is not the one"),
        (lambda c: c.lake.delete([f"{candidate_uri(c)}/seed"]), "seed is not the one"),
        (
            lambda c: c.lake.write(f"{c.made['comply'].output('report').uri}/report.json", b"{}"),
            "compliance: the file report.json was changed",
        ),
        (
            lambda c: c.lake.write(f"{c.made['evaluate'].output('answers').uri}/part.parquet", b"x"),
            "evaluation: the file part.parquet was changed",
        ),
    ],
)
def test_bytes_changed_in_the_lake_after_the_approval(court: Court, attack: Callable, reason: str) -> None:
    attack(court)
    with pytest.raises(Refused, match=reason):
        publish(court)
    assert nothing_published(court)


def last_answer(court: Court) -> Record:
    return court.audit.find(signoff.ANSWERED)[-1]


def record_uri(court: Court, number: int) -> str:
    return court.lake.uri("audit", "records", f"{number:010d}.json")


def edit_approval(court: Court) -> None:
    """Another person's name on an approval, with its hash recomputed; the signature cannot be."""
    changed = last_answer(court).model_copy(update={"actor": "ada"})
    changed.hash = changed.computed_hash()
    court.lake.write(record_uri(court, changed.number), changed.to_bytes())


def forge_approval(court: Court) -> None:
    """The last approval taken away and written anew by somebody without the key."""
    court.lake.delete([record_uri(court, last_answer(court).number), court.lake.uri("audit", "head.json")])
    signoff.record_answer(
        Forger(court.lake, SecretStr("guess")),
        run_id=court.run,
        role="legal",
        request=court.shown("legal"),
        reviewer="lex",
        decision="approve",
        comment="",
        answers={},
    )


def replay(court: Court) -> None:
    """The approvals of this run, used by a run of the same model that nobody reviewed."""
    for stage_name in ("base-model", "prepare", "tune", "evaluate", "comply"):
        court.run = "run-2"
        court.record(court.made[stage_name])
    court.start()
    court.gate()


def edit_manifest(court: Court) -> None:
    """The evaluation's own figures in its manifest; its files stay as they are."""
    made = court.made["evaluate"]
    edited = made.model_copy(update={"facts": {"metrics": {"token_f1": {"candidate": 0.99}}}})
    court.lake.write(made.uri, edited.model_dump_json().encode())
    court.made["evaluate"] = load_manifest(court.lake, made.uri)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda c: c.review("legal", "lex", "reject"), "lex rejected it"),
        (lambda c: c.review("model", "nobody", "silent"), "nobody answered in time"),
        (lambda c: c.gate("refused"), "the compliance gate says refused"),
        (lambda c: c.start("lex"), "lex started the run and cannot approve it"),
        (lambda c: c.start("ADA"), "ada started the run and cannot approve it"),
        (edit_approval, "does not hold"),
        (lambda c: c.lake.delete([record_uri(c, last_answer(c).number)]), "does not hold"),
        (forge_approval, "signature is missing or wrong"),
        (replay, "0 of 1 approvals"),
        (edit_manifest, "the audit trail does not know evaluate"),
    ],
)
def test_sign_off_changed_after_the_approval(court: Court, change: Callable, reason: str) -> None:
    """The stage itself refuses, also where somebody marked the sign-off task in Airflow as successful."""
    change(court)
    with pytest.raises(Refused, match=reason):
        publish(court)
    assert nothing_published(court)


def test_release_signed_with_another_key_than_is_demanded_is_withdrawn(court: Court) -> None:
    own, demanded = ed25519.Ed25519PrivateKey.generate(), ed25519.Ed25519PrivateKey.generate()
    pem = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = demanded.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    court.settings.publish = court.settings.publish.model_copy(
        update={"signing_key": SecretStr(pem), "verify_key": public}
    )
    with pytest.raises(Refused, match="signature"):
        publish(court)
    assert ModelStore(court.settings).production() is None


def test_trail_handed_over_to_a_new_key_between_approval_and_publication(court: Court) -> None:
    """Changing the key loses no approval; a worker that still has the old one publishes nothing."""
    court.settings.audit = AuditSettings(signing_key=SecretStr("new"), retired_keys=[KEY])
    AuditLog(court.lake, SecretStr("new"), retired=[KEY]).hand_over("security_officer")
    court.settings.audit = AuditSettings(signing_key=KEY)
    with pytest.raises(Refused, match=r"not handed over to the present key|is not given"):
        publish(court)
    assert nothing_published(court)
    court.settings.audit = AuditSettings(signing_key=SecretStr("new"), retired_keys=[KEY])
    assert publish(court).facts["version"] == "v1"


@pytest.mark.parametrize("link", ["soft", "hard"])
def test_links_in_the_model_folder(court: Court, tmp_path: Path, link: str) -> None:
    """What a link points to may change between a check and the upload, so only what was approved counts."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"private")
    target = Path(candidate_uri(court).removeprefix("file://")) / "model.safetensors"
    target.unlink()
    target.symlink_to(secret) if link == "soft" else target.hardlink_to(secret)
    with pytest.raises(Refused, match=r"model\.safetensors is not the one that was reviewed"):
        publish(court)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "x").symlink_to(secret)
    with pytest.raises(Refused, match="is a link"):
        folder_hashes(tmp_path / "folder")


@pytest.mark.parametrize("name", ["model.safetensors", "evaluation.json", "extra.py"])
def test_file_swapped_between_its_check_and_its_upload(
    court: Court, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Somebody on the same machine swaps a file after it was compared; the release file then lists the swapped one."""
    filled = stage._fill

    def swapped(*arguments, **more) -> Path:
        folder = filled(*arguments, **more)
        content = json.loads((folder / "release.json").read_text())
        if name == "model.safetensors":
            shutil.copy(folder / name, folder / "kept")
            data = bytearray((folder / name).read_bytes())
            data[-1] ^= 1
            (folder / name).write_bytes(data)
            (folder / "kept").unlink()
        else:
            (folder / name).write_bytes(b'{"verdict": "passed"} ')
        write_release(folder, content)
        return folder

    monkeypatch.setattr(stage, "_fill", swapped)
    with pytest.raises(Refused, match=f"{name} is not the one that was approved"):
        publish(court)
    assert nothing_published(court)


def test_version_planted_in_the_store_is_not_taken_for_a_finished_release(court: Court, tmp_path: Path) -> None:
    """Someone with the store's token tags other weights as this run's release before it happens."""
    store = ModelStore(court.settings)
    store.ensure()
    folder = tmp_path / "planted"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"evil")
    model = court.made["tune"].output("model").digest
    write_release(folder, {"version": "v1", "run_id": court.run, "model": model})
    store.tag("v1", store.commit(folder, "planted", str(store.head())), "planted")
    with pytest.raises(Refused, match="is not the one that was approved"):
        publish(court)
    assert store.production() is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda c: setattr(c.settings.publish, "private", False), "internal distribution only"),
        (lambda c: setattr(c.settings.publish, "repository", "acme/other-place"), "where the model goes was changed"),
        (lambda c: setattr(c.settings.audit, "signing_key", None), "demands a signed audit trail"),
        (lambda c: setattr(c.settings.audit, "signing_key", SecretStr("own")), "signature is missing or wrong"),
        (lambda c: c.rewrite_policy(require_all_probes=True), "the policy was changed after the gate"),
    ],
)
def test_surroundings_changed_at_publication(court: Court, change: Callable, reason: str) -> None:
    """What an environment variable on the worker can set: LLMOPS_PUBLISH__…, LLMOPS_AUDIT__…, LLMOPS_POLICY_FILE."""
    change(court)
    with pytest.raises(Refused, match=reason):
        publish(court)
    assert nothing_published(court)


def test_other_base_or_rows_than_the_models_own_are_not_named_in_a_card(court: Court) -> None:
    other = court.stage("base-model", write_files({"config.json": b"{}"}, "model"), seed="other")
    with pytest.raises(Refused, match="evaluation: it was made for another base"):
        publish(court, base=other)


def second(court: Court, model: Path, run: str = "run-2") -> Court:
    """Another run on the same lake, approved, with a model of its own that was compared with the one in production."""
    return approve(Court(court.settings, run=run), model, seed=run)


def test_a_second_model_replaces_the_one_it_was_compared_with(court: Court, model: Path) -> None:
    publish(court)
    assert publish(second(court, model)).facts["version"] == "v2"


def test_what_was_published_while_this_one_waited_is_not_replaced(court: Court, model: Path) -> None:
    """Both were compared with nothing, as nothing was in production yet; the other one's reviewers were quicker."""
    waiting = second(court, model, "run-slow")
    publish(court)
    with pytest.raises(Refused, match="v1 went to production after this model was evaluated"):
        publish(waiting)
    assert [version.name for version in ModelStore(court.settings).versions()] == ["v1"]


def test_a_model_that_learned_from_rows_that_were_erased_since_is_not_released(court: Court) -> None:
    """The erasure came while the reviewers had their say."""
    model = court.made["tune"].output("model").digest
    court.audit.append("subject_erased", actor="officer", subject="erasure-1", data={"models": [{"digest": model}]})
    with pytest.raises(Refused, match=r"rows of a person whose data was erased since \(erasure-1\)"):
        publish(court)
    assert nothing_published(court)


def test_a_champions_manifest_that_names_another_model_is_refused(court: Court, model: Path) -> None:
    """A weak model where the champion should be: everything is better than that."""
    publish(court)
    good = court.made["tune"]
    weak = court.stage("tune", write_files({"model.safetensors": b"weak"}, "model"), seed="weak")
    planted = weak.model_copy(update={"uri": good.uri})
    court.lake.write(good.uri, planted.model_dump_json().encode())
    with pytest.raises(Refused, match="of another model than the one in production"):
        champion(court.settings, court.lake)


def test_another_lake_with_a_trail_of_its_own_is_refused_once_something_was_released(
    court: Court, model: Path, tmp_path: Path
) -> None:
    """LLMOPS_LAKE__URI and LLMOPS_AUDIT__SIGNING_KEY of an attacker: all of it consistent; the store objects."""
    publish(court)
    (tmp_path / "attacker").mkdir()
    own = settings_in(tmp_path / "attacker")
    own.publish = court.settings.publish
    own.audit.signing_key = SecretStr("attacker")
    with pytest.raises(Refused, match="cut or rewritten"):
        publish(approve(Court(own), model, seed="evil", compared=False))
    assert [version.name for version in ModelStore(own).versions()] == ["v1"]


def test_lake_rolled_back_to_before_a_release_is_refused(court: Court, model: Path) -> None:
    publish(court)
    audit = court.audit
    kept = released_heads(ModelStore(court.settings))[0][1]
    numbers = range(kept.number, audit.head().number + 1)
    earlier = audit.trail().records[kept.number - 2]
    court.lake.delete([court.lake.uri("audit", "records", f"{number:010d}.json") for number in numbers])
    head = Head(number=earlier.number, hash=earlier.hash)
    court.lake.write(court.lake.uri("audit", "head.json"), head.model_dump_json().encode())
    with pytest.raises(Refused, match="cut or rewritten"):
        publish(approve(Court(court.settings, run="run-2"), model, seed="2"))
