"""The stage that publishes: only what was approved, to the byte, and only after it was approved."""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline.audit import AuditLog, open_audit
from pipeline.comply.gate import REPORT
from pipeline.errors import Refused
from pipeline.lake import Lake
from pipeline.publish import signature
from pipeline.publish.card import CardFacts, render
from pipeline.publish.comparison import compared_with, refuse_other_production, why_not
from pipeline.publish.promote import promote
from pipeline.publish.release import folder_hashes, release, write_release
from pipeline.publish.signature import SIGNATURE_FILE
from pipeline.publish.store import RELEASE_FILE, ModelStore
from pipeline.publish.witnesses import released_heads
from pipeline.review.decision import require_approval
from pipeline.review.evidence import Evidence
from pipeline.review.signoff import Approval
from pipeline.settings import Settings
from pipeline.stage import Attempt, Manifest, Output, digest_of, run_stage

REFERENCE_QUESTIONS = 4
REPORTS = {"evaluation.json": "evaluation", "compliance.json": "compliance"}
WRITTEN = {"README.md", RELEASE_FILE, SIGNATURE_FILE}
"""What the release itself adds; everything else was reviewed."""


@dataclass(frozen=True, slots=True)
class Released:
    """A version in production."""

    version: str
    commit: str
    url: str


def run(
    settings: Settings,
    lake: Lake,
    *,
    run_id: str,
    candidate: Manifest,
    base: Manifest,
    prepared: Manifest,
    evaluation: Manifest,
    compliance: Manifest,
) -> Manifest:
    """Publish the candidate and return the manifest of the release.

    Raises Refused when the sign-off does not hold for exactly these bytes, or when what the store gives back is not
    what was sent.
    """
    inputs = {
        "candidate": candidate,
        "base": base,
        "prepared": prepared,
        "evaluation": evaluation,
        "compliance": compliance,
    }

    def work(attempt: Attempt) -> None:
        released = _publish(settings, attempt)
        attempt.facts.update(repository=settings.publish.repository, **asdict(released))
        attempt.lake.write(attempt.uri("release", "release.json"), json.dumps(attempt.facts, indent=2).encode())

    return run_stage(
        lake,
        "publish",
        work,
        run_id=run_id,
        inputs=inputs,
        parameters={"repository": settings.publish.repository},
        packages=("publish", "review"),
        fresh=True,
    )


def _publish(settings: Settings, attempt: Attempt) -> Released:
    evidence = evidence_of(attempt)
    model_output = evidence.candidate.output("model")
    audit = open_audit(settings, attempt.lake)
    store = ModelStore(settings)
    with tempfile.TemporaryDirectory(prefix="llmops-release-") as scratch:
        model = fetch_exactly(attempt.lake, model_output, Path(scratch) / "model")
        approvals = require_approval(
            settings,
            attempt.lake,
            audit,
            run_id=attempt.run_id,
            evidence=evidence,
            witnesses=[head for _, head in released_heads(store)],
        )
        compared = compared_with(attempt.lake, evidence.evaluation)
        refuse_other_production(store, compared, model_output.digest)
        reasons = why_not(audit.trail(), store.repository, evidence.candidate)
        if reasons:
            raise Refused(f"The model cannot be released: {'; '.join(reasons)}", where=attempt.run_id)
        identity = {"run_id": attempt.run_id, "model": model_output.digest}
        build = functools.partial(_fill, settings, attempt, model, approvals, audit)
        checks = (approved_bytes(evidence), signature_check(settings), reference_check(attempt))

        def check(folder: Path) -> None:
            for one in checks:
                one(folder)

        version = release(store, build, identity=identity, check=check)
    promote(
        store,
        attempt.lake,
        audit,
        version,
        run_id=attempt.run_id,
        model=model_output.digest,
        compared=compared,
        approvals=[approval.record for approval in approvals],
    )
    return Released(version.name, version.commit, store.url())


def evidence_of(attempt: Attempt) -> Evidence:
    """Return what a publication's decision rests on."""
    inputs = attempt.inputs
    others = {name: inputs[name] for name in ("base", "prepared")}
    return Evidence(inputs["candidate"], inputs["evaluation"], inputs["compliance"], others)


def approved_bytes(evidence: Evidence) -> Callable[[Path], None]:
    """Return a check that a pulled-back folder holds the approved model, the approved reports, and nothing unknown.

    It goes by the manifests whose digests the approvals name, not by what was sent: a file that is swapped between its
    download from the lake and its upload is found here.
    """
    expected = {file.path: file.sha256 for file in evidence.candidate.output("model").files}
    for name, stage in REPORTS.items():
        files = {file.path: file.sha256 for file in evidence.named()[stage].output("report").files}
        expected[name] = files[REPORT]

    def check(folder: Path) -> None:
        found = folder_hashes(folder)
        for name in sorted((set(found) | set(expected)) - WRITTEN):
            if found.get(name) != expected.get(name):
                raise Refused(
                    f"The published file {name} is not the one that was approved",
                    where=name,
                    remedy="The release was withdrawn; find out who writes to this machine or to the model store",
                )

    return check


def signature_check(settings: Settings) -> Callable[[Path], None]:
    """Return a check that a pulled-back folder is signed as the settings want it, so that later checks let it pass."""
    own, wanted = settings.publish.signing_key, settings.publish.verify_key
    key = wanted or (signature.public_of(own.get_secret_value()) if own else None)

    def check(folder: Path) -> None:
        if key is not None:
            signature.check(folder / SIGNATURE_FILE, folder_hashes(folder), key)

    return check


def fetch_exactly(lake: Lake, output: Output, folder: Path) -> Path:
    """Download an output and refuse it unless every file, and the list of files, is what its manifest says."""
    lake.download_folder(output.uri, folder)
    found = folder_hashes(folder)
    expected = {file.path: file.sha256 for file in output.files}
    for name in sorted(set(found) | set(expected)):
        if found.get(name) != expected.get(name):
            raise Refused(
                f"The file {name} is not the one that was reviewed",
                where=output.uri,
                remedy="It was changed after its stage; run the pipeline again and find out who writes to the lake",
            )
    if digest_of(sorted(expected.items())) != output.digest:
        raise Refused("The manifest's digest does not match its own list of files", where=output.uri)
    return folder


def _fill(
    settings: Settings, attempt: Attempt, model: Path, approvals: Sequence[Approval], audit: AuditLog, version: str
) -> Path:
    """Add card, reports, release file and (with a key) the signature to the model's folder."""
    from pipeline.comply import governance
    from pipeline.comply.policy import load_policy

    inputs = attempt.inputs
    (model / SIGNATURE_FILE).unlink(missing_ok=True)
    for name, stage in REPORTS.items():
        (model / name).write_bytes(attempt.lake.read(f"{inputs[stage].output('report').uri}/{REPORT}"))
    head = audit.head()
    policy = load_policy(settings.policy_file)
    facts = CardFacts(
        repository=settings.publish.repository,
        version=version,
        run_id=attempt.run_id,
        base=inputs["base"],
        prepared=inputs["prepared"],
        candidate=inputs["candidate"],
        evaluation=inputs["evaluation"],
        compliance=inputs["compliance"],
        approvals=approvals,
        audit_number=head.number,
        audit_hash=head.hash,
        licence=policy.licences.release,
        distribution=policy.licences.distribution,
        governance=governance.load(settings.policy_file.parent),
        signed=settings.publish.signing_key is not None,
    )
    (model / "README.md").write_text(render(facts), encoding="utf-8")
    write_release(
        model,
        {
            "version": version,
            "run_id": attempt.run_id,
            "model": inputs["candidate"].output("model").digest,
            "candidate": inputs["candidate"].uri,
            "prepared": inputs["prepared"].uri,
            "evaluation": inputs["evaluation"].uri,
            "compliance": inputs["compliance"].uri,
            "approvals": [approval.record for approval in approvals],
            "audit": {"number": head.number, "hash": head.hash},
            "released_at": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    )
    if settings.publish.signing_key is not None:
        name = f"{settings.publish.repository}@{version}"
        signed = signature.sign(folder_hashes(model), name, settings.publish.signing_key.get_secret_value())
        (model / SIGNATURE_FILE).write_bytes(signed)
    return model


def reference_check(attempt: Attempt) -> Callable[[Path], None]:
    """Return a check that asks a pulled-back model questions of the evaluation and compares its answers."""
    from pipeline.answering import Answerer, Asked

    evaluation = attempt.inputs["evaluation"]
    columns = ["question", "context", "candidate"]
    rows = attempt.lake.read_table(evaluation.output("answers").uri, columns=columns).slice(0, REFERENCE_QUESTIONS)

    def check(folder: Path) -> None:
        model = Answerer(folder)
        asked = [Asked(row["context"], row["question"]) for row in rows.to_pylist()]
        answers = model.answer(asked, max_new_tokens=max_new_tokens(evaluation))
        for row, answer in zip(rows.to_pylist(), answers, strict=True):
            if answer != row["candidate"]:
                raise Refused(
                    "The published model does not answer as the reviewed one did",
                    where=f"question: {row['question'][:80]}",
                    remedy="The release was withdrawn; compare library versions of evaluation and release",
                )

    return check


def max_new_tokens(evaluation: Manifest) -> int:
    """Return how long the answers of an evaluation could get."""
    return int(evaluation.parameters.get("max_new_tokens", 64))
