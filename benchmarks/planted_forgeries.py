"""Forgeries at the sign-off and the publication: a real model's bytes, a real lake and a signed trail, one trick each.

`planted_defects.py` runs them with the honest model that it trained.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr
from review.court import Court, Forger, settings_in, write_files

from pipeline.audit.records import Record
from pipeline.errors import Refused
from pipeline.manifest import load_manifest
from pipeline.publish.checks import fetch_exactly
from pipeline.review import signoff
from pipeline.stage import Attempt


@dataclass(frozen=True)
class Forgery:
    """What somebody does to a run with the honest model, and why nothing is published."""

    name: str
    act: Callable[[Court], object]
    reason: str


def approved(court: Court, model: str = "ada", legal: str = "lex", starter: str = "scheduler") -> Court:
    """Take the run to its sign-off, with these people's approvals."""
    court.start(starter)
    court.develop(court.files)
    court.gate()
    for role, who in (("model", model), ("legal", legal)):
        if who:
            court.review(role, who)
    return court


def _swapped(court: Court) -> None:
    approved(court)
    file = f"{court.made['tune'].output('model').uri}/model.safetensors"
    data = bytearray(court.lake.read(file))
    data[-1] ^= 1
    court.lake.write(file, bytes(data))


def _edited_xcom(court: Court) -> None:
    approved(court)
    uri = court.lake.uri("tune", "elsewhere", "manifest.json")
    court.lake.write(uri, court.made["tune"].model_copy(update={"uri": uri}).model_dump_json().encode())
    court.made["tune"] = load_manifest(court.lake, uri)


def _replayed(court: Court) -> None:
    approved(court)
    court.run = "run-2"
    approved(court, model="", legal="")


def _same_id(court: Court) -> None:
    """A run of another DAG takes the id of one whose forms wait; its own tasks are marked, and people answer those."""
    court.start()
    court.develop(court.files)
    court.gate()
    court.ask("model")
    court.ask("legal")
    other = Court(court.settings, run=court.run.replace("llm_pipeline", "llm_retrain"))
    other.develop({**court.files, "model.safetensors": b"never seen"}, seed="other")
    other.gate()
    other.ask("model")
    other.ask("legal")
    court.answer("model", "ada")
    court.answer("legal", "lex")
    court.run, court.made = other.run, other.made


def _reused(court: Court) -> None:
    approved(court)
    changed = {**court.files, "model.safetensors": court.files["model.safetensors"][:-1] + b"\0"}
    court.develop(changed, seed="other")
    court.gate()


def _silent(court: Court) -> None:
    approved(court, legal="")
    court.review("legal", "nobody", "silent")


def _edited_trail(court: Court) -> None:
    approved(court, legal="")
    court.review("legal", "lex", "reject")
    last = court.audit.trail().records[-1]
    changed = last.model_copy(update={"data": {**last.data, "decision": "approve"}})
    changed.hash = changed.computed_hash()
    uri = court.lake.uri("audit", "records", f"{last.number:010d}.json")
    court.lake.write(uri, Record.model_validate(changed.model_dump()).to_bytes())
    court.lake.delete([court.lake.uri("audit", "head.json")])


def _forged_record(court: Court) -> None:
    approved(court, legal="")
    court.ask("legal")
    forger = Forger(court.lake, SecretStr("guess"))
    signoff.record_answer(
        forger, run_id=court.run, role="legal", request=court.shown("legal"), reviewer="lex", decision="approve",
        comment="", answers={},
    )  # fmt: skip


def _before_the_gate(court: Court) -> None:
    court.start()
    court.develop(court.files)
    court.review("model", "ada")
    court.review("legal", "lex")
    court.gate()


def _softer_policy(court: Court) -> None:
    approved(court, legal="mallory")
    roles = {"model": {"reviewers": ["ada"]}, "legal": {"reviewers": ["mallory"]}}
    court.rewrite_policy(sign_off={"roles": roles})


def _other_base(court: Court) -> None:
    court.start()
    other, ground = court.ground("other"), court.ground()
    court.judged(court.candidate(other["base"], ground["features"], court.files), ground)


def _planted_training(court: Court) -> None:
    court.start()
    ground = court.ground()
    inputs = {"base-model": ground["base"], "features": ground["features"]}
    trained = court.stranger().stage("train", write_files({"adapter": b"poison"}, "adapter"), inputs)
    candidate = court.stage("tune", write_files(court.files, "model"), {**inputs, "train": trained})
    court.judged(candidate, ground)


def _planted_while_at_work(court: Court) -> None:
    court.start()
    ground = court.ground()
    inputs = {"base-model": ground["base"], "features": ground["features"]}

    def work(attempt: Attempt) -> None:
        court.stranger().stage("tune", write_files({"model.safetensors": b"evil"}, "model"), inputs)
        write_files(court.files, "model")(attempt)

    court.judged(court.stage("tune", work, inputs), ground)


FORGERIES = (
    Forgery("another base model under the candidate", _other_base, "made with another base than the candidate"),
    Forgery("planted training behind the candidate", _planted_training, "does not know that anybody made its train"),
    Forgery("result planted while its stage is at work", _planted_while_at_work, "no run recorded that it made it"),
    Forgery("swapped file after approval", _swapped, r"model\.safetensors is not the one that was reviewed"),
    Forgery("forged approval: marked task", lambda c: approved(c, legal=""), "legal review: 0 of 1 approvals"),
    Forgery("forged approval: edited XCom", _edited_xcom, "audit trail does not know"),
    Forgery("forged approval: replay in another run", _replayed, "0 of 1 approvals"),
    Forgery("forged approval: a run with the same id", _same_id, "nobody is recorded.*0 of 1 approvals"),
    Forgery("forged approval: reuse for another model", _reused, "reviewed other bytes than these"),
    Forgery("forged approval: record without the key", _forged_record, "signature is missing or wrong"),
    Forgery("approval before the gate", _before_the_gate, "was asked before the gate decided"),
    Forgery("reviewer without role", lambda c: approved(c, legal="eve"), "eve may not sign off for this role"),
    Forgery("one person in two roles", lambda c: approved(c, legal="ada"), "approved in more than one role"),
    Forgery("self-approval", lambda c: approved(c, starter="ada"), "ada started the run and cannot approve it"),
    Forgery("silent reviewer", _silent, "nobody answered in time"),
    Forgery("policy changed after the gate", _softer_policy, "the policy was changed after the gate decided"),
    Forgery("tampered audit log", _edited_trail, "audit trail does not hold"),
)


def attempt(forgery: Forgery | None, model: Path) -> tuple[bool, str]:
    """Try a forgery (None: an honest sign-off) with a model and return whether it was let out, and what was said."""
    files = {path.name: path.read_bytes() for path in model.iterdir() if path.is_file()}
    with tempfile.TemporaryDirectory(prefix="forgery-") as folder:
        court = Court(settings_in(Path(folder)), files=files)
        try:
            (forgery.act if forgery else approved)(court)
            fetch_exactly(court.lake, court.made["tune"].output("model"), Path(folder) / "model")
            people = [approval.reviewer for approval in court.sign_off()]
        except Refused as problem:
            return False, problem.what
        return True, f"signed off by {' and '.join(people)}"


def stopped(forgery: Forgery, model: Path) -> tuple[bool, str]:
    """Return whether a forgery was refused for its own reason, and what was said."""
    let_out, said = attempt(forgery, model)
    return not let_out and bool(re.search(forgery.reason, said)), said
