"""Every way we know to get an unapproved model past the sign-off, each refused for its own reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from review.court import POLICY, Court, Forger, write_files, yesterday

from pipeline.audit import AuditLog
from pipeline.audit.records import Head, Record
from pipeline.errors import Refused
from pipeline.manifest import load_manifest
from pipeline.review import decision, judgement, signoff
from pipeline.review.evidence import Evidence, completed

OTHER = signoff.Subject(model="m2", evaluation="e2", compliance="c2")
Attack = Callable[[Court], object]


def refused(court: Court, reason: str, **more) -> None:
    with pytest.raises(Refused, match=reason):
        court.sign_off(**more)


def record(court: Court, number: int) -> dict:
    return json.loads(court.lake.read(place(court, number)))


def place(court: Court, number: int) -> str:
    return court.lake.uri("audit", "records", f"{number:010d}.json")


def test_both_roles_approve(court: Court) -> None:
    approvals = court.approved().sign_off()
    assert [(approval.role, approval.reviewer) for approval in approvals] == [("model", "ada"), ("legal", "lex")]


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (lambda c: None, "model review: 0 of 1 approvals"),
        (lambda c: c.review("model", "ada"), "legal review: 0 of 1"),
        (lambda c: (c.review("model", "ada"), c.review("legal", "lex", "reject")), "lex rejected it: seen"),
        (lambda c: (c.review("model", "ada"), c.review("legal", "lex", "silent")), "nobody answered in time"),
        (lambda c: (c.review("model", "eve"), c.review("legal", "lex")), "eve may not sign off"),
        (lambda c: (c.review("model", "lex"), c.review("legal", "lex")), "lex may not sign off"),
        (lambda c: (c.review("model", "ada"), c.review("legal", "ada")), "more than one role"),
        (lambda c: (c.review("model", "ada", subject=OTHER), c.review("legal", "lex")), "reviewed other bytes"),
        (
            lambda c: (c.review("model", "ada"), c.review("legal", "lex"), c.review("model", "bob", "reject")),
            "bob rejected it",
        ),
        (
            lambda c: (c.review("model", "ada", "reject"), c.review("model", "bob"), c.review("legal", "lex")),
            "ada rejected it",
        ),
        (
            lambda c: (c.review("model", "ada", "silent"), c.review("model", "bob"), c.review("legal", "lex")),
            "nobody answered in time",
        ),
        (
            lambda c: (c.review("model", "ada"), c.review("legal", "lex"), c.gate("refused")),
            "the compliance gate says refused",
        ),
        (
            lambda c: (c.review("model", "ada"), c.review("legal", "lex"), c.gate("refused"), c.gate()),
            "ada was asked before the gate decided",
        ),
    ],
)
def test_reviews_that_allow_nothing(court: Court, prepare: Attack, reason: str) -> None:
    prepare(court.prepared())
    refused(court, reason)


@pytest.mark.parametrize(
    ("minutes", "answered", "problem"),
    [
        (10, None, None),
        (-1, None, None),  # clocks may be apart
        (-10, None, "nobody answered in time, ada only later"),
        (-10, -11, None),  # answered in time, taken up later
        (-10, -4, "nobody answered in time, ada only later"),
    ],
)
def test_an_approval_counts_until_silence_is_a_rejection(
    court: Court, minutes: int, answered: int | None, problem: str | None
) -> None:
    court.prepared()
    now = datetime.now(UTC)
    court.ask("model", due=now + timedelta(minutes=minutes))
    court.answer("model", "ada", answered_at=now + timedelta(minutes=answered) if answered else None)
    court.review("legal", "lex")
    if problem:
        refused(court, problem)
    else:
        assert len(court.sign_off()) == 2


def test_an_answer_by_a_stranger_does_not_stop_those_who_may(court: Court) -> None:
    court.prepared()
    court.review("model", "eve", "reject")
    court.review("model", "ada")
    court.review("legal", "lex")
    assert len(court.sign_off()) == 2


@pytest.mark.parametrize("starter", ["ada", "ADA"])
def test_starter_cannot_approve(court: Court, starter: str) -> None:
    court.start(starter)
    court.develop()
    court.gate()
    court.review("model", "ada")
    court.review("legal", "lex")
    refused(court, "ada started the run")


def test_whoever_starts_it_again_cannot_approve_either(court: Court) -> None:
    court.approved()
    court.start("ada")
    refused(court, "ada started the run")


@pytest.mark.parametrize("starters", [[], [signoff.UNKNOWN], ["scheduler", signoff.UNKNOWN]])
def test_run_that_nobody_is_known_to_have_started_is_refused(court: Court, starters: list[str]) -> None:
    for starter in starters:
        court.start(starter)
    court.develop()
    court.gate()
    court.review("model", "ada")
    court.review("legal", "lex")
    refused(court, "nobody is recorded")


def test_gate_task_that_was_marked_leaves_nothing_to_rest_on(court: Court) -> None:
    court.start()
    court.develop()
    court.review("model", "ada")
    court.review("legal", "lex")
    refused(court, "gate has not decided")


def test_approval_of_another_run_is_no_approval(court: Court) -> None:
    court.approved()
    again = Court(court.settings, run="run-2").prepared()
    refused(again, "0 of 1 approvals")


def test_approval_of_another_model_is_no_approval(court: Court) -> None:
    court.approved()
    court.develop({"model.safetensors": b"evil"}, seed="2")
    court.gate()
    refused(court, "ada reviewed other bytes than these")


def test_old_and_future_approvals_are_refused(court: Court) -> None:
    court.approved()
    terms = decision.terms(court.settings, decision.load_policy(court.settings.policy_file))
    for shift, reason in ((8, "too old"), (-1, "dated in the future")):
        _, reasons = judgement.judge(
            court.audit.trail(),
            run_id=court.run,
            subject=court.evidence.subject,
            rules=decision.load_policy(court.settings.policy_file).sign_off_rules(),
            terms=terms,
            max_age=timedelta(days=7),
            now=datetime.now(UTC) + timedelta(days=shift),
        )
        assert reason in "; ".join(reasons)


def test_answer_without_a_request_is_refused(court: Court) -> None:
    court.prepared()
    with pytest.raises(Refused, match="ever opened"):
        court.answer("model", "ada")


def test_answer_is_bound_to_what_its_own_task_showed(court: Court) -> None:
    """Two reviewers of a role are asked; the second sees other bytes. The first answer stays with what was shown."""
    court.prepared()
    court.ask("model", task="review.model_review_1", subject=OTHER)
    court.ask("model", task="review.model_review_2")
    court.answer("model", "ada", task="review.model_review_1")
    court.review("legal", "lex")
    refused(court, "ada reviewed other bytes")


def test_answer_to_a_form_whose_review_was_opened_anew_is_refused(court: Court) -> None:
    """The task was cleared and asks about other bytes; somebody answers the page that they had open before."""
    court.prepared()
    court.ask("model", subject=OTHER)
    first = court.shown("model")
    court.ask("model")
    with pytest.raises(Refused, match="opened anew since"):
        court.answer("model", "ada", request=first)
    assert court.audit.find(signoff.ANSWERED) == []
    court.answer("model", "ada")
    court.review("legal", "lex")
    assert len(court.sign_off()) == 2


def test_two_approvals_need_two_people(court: Court) -> None:
    roles = {"model": {"reviewers": ["ada", "bob"], "approvals": 2}, "legal": {"reviewers": ["lex"]}}
    court.rewrite_policy(sign_off={"roles": roles})
    court.prepared()
    court.review("legal", "lex")
    court.review("model", "ada", task="one")
    court.review("model", "ada", task="two")
    refused(court, "model review: 1 of 2 approvals")
    court.review("model", "bob", task="two")
    assert {approval.reviewer for approval in court.sign_off()} == {"ada", "bob", "lex"}


@pytest.mark.parametrize(
    ("role", "who", "reason"),
    [
        ("legal", "ada", "approved in the model review"),
        ("model", "ada", "approved already"),
        ("model", "carol", "started this run"),
        ("model", "bob", None),
    ],
)
def test_whose_approval_would_not_count_is_told_at_once(court: Court, role: str, who: str, reason: str | None) -> None:
    court.start("carol")
    court.develop()
    court.gate()
    court.review("model", "ada", task="one")
    said = signoff.why_not(court.audit, run_id=court.run, role=role, reviewer=who, task="two")
    assert (said is None) if reason is None else (reason in str(said))


# What lies in the lake is not believed


def test_swapped_manifest_is_unknown_to_the_trail(court: Court) -> None:
    """An edited XCom leads to another manifest, with approvals for its digest in place: nobody recorded making it."""
    court.prepared()
    court.review("model", "ada")
    court.review("legal", "lex")
    uri = court.lake.uri("tune", "planted", "manifest.json")
    planted = court.made["tune"].model_copy(update={"uri": uri, "facts": {"licence": "MIT"}})
    court.lake.write(uri, planted.model_dump_json().encode())
    court.made["tune"] = load_manifest(court.lake, uri)
    refused(court, "candidate: the audit trail does not know")


def test_edited_facts_of_a_manifest_are_seen(court: Court) -> None:
    court.approved()
    for stage in ("tune", "evaluate", "comply"):
        intact = court.made[stage]
        court.made[stage] = intact.model_copy(update={"facts": {"metrics": {"token_f1": {"candidate": 1.0}}}})
        refused(court, "the audit trail does not know")
        court.made[stage] = intact


def test_manifest_planted_where_a_stage_would_look_is_not_taken_for_finished_work(court: Court) -> None:
    """The stage finds the planted manifest, says that nothing changed, and the run goes on. No run ever made it."""
    court.start()
    elsewhere = Court(court.settings, run="attacker")
    elsewhere.record = lambda manifest: None
    elsewhere.develop()
    court.develop()
    assert court.made["tune"].cached
    court.gate()
    court.review("model", "ada")
    court.review("legal", "lex")
    refused(court, "was found, but no run recorded that it made it")


def test_unchanged_stages_of_an_earlier_run_are_fine(court: Court) -> None:
    court.approved()
    again = Court(court.settings, run="run-2").approved()
    assert again.made["tune"].cached
    assert len(again.sign_off()) == 2


def test_evidence_of_another_model_is_refused(court: Court) -> None:
    """Good reports of a good model, and the candidate's address changed behind the gate."""
    court.approved()
    evil = court.stage("tune", write_files({"model.safetensors": b"evil"}, "model"), seed="evil")
    mixed = Evidence(evil, court.evidence.evaluation, court.evidence.compliance)
    signoff.record_gate(
        court.audit,
        run_id=court.run,
        subject=mixed.subject,
        verdict="passed",
        terms=decision.terms(court.settings, decision.load_policy(court.settings.policy_file)),
    )
    court.review("model", "ada", subject=mixed.subject)
    court.review("legal", "lex", subject=mixed.subject)
    refused(court, "evaluation: it was made for another candidate.*compliance: it was made for another candidate")


@pytest.mark.parametrize(
    ("attack", "reason"),
    [
        (lambda c, uri: c.lake.write(f"{uri}/report.json", b'{"verdict": "passed"}'), "report.json was changed"),
        (lambda c, uri: c.lake.write(f"{uri}/more.html", b"<p>Looks good"), "more.html was added"),
        (lambda c, uri: c.lake.delete([f"{uri}/report.json"]), "report.json is missing"),
    ],
)
@pytest.mark.parametrize("stage", ["evaluate", "comply"])
def test_report_changed_after_the_approval(court: Court, stage: str, attack: Callable, reason: str) -> None:
    court.approved()
    attack(court, court.made[stage].output("report").uri)
    refused(court, reason)


def test_refused_report_does_not_pass_because_its_facts_say_so(court: Court) -> None:
    court.start()
    court.develop()
    inputs = {"candidate": court.made["tune"], "evaluation": court.made["evaluate"]}
    bad = court.report(verdict="refused", reasons=["memorisation: 3 answers"])
    court.stage("comply", write_files({"report.json": bad}), inputs, seed="refused")
    court.gate()
    court.review("model", "ada")
    court.review("legal", "lex")
    refused(court, "the compliance check refused the model: memorisation: 3 answers")


# The policy and the surroundings


def test_policy_changed_after_the_gate(court: Court) -> None:
    court.approved()
    court.rewrite_policy(require_all_probes=True)
    refused(court, "policy is not the one that the compliance check went by.*policy was changed after the gate")


def test_reviewer_added_to_the_policy_on_the_way(court: Court) -> None:
    court.prepared()
    court.review("model", "eve")
    court.review("legal", "lex")
    court.rewrite_policy(sign_off={"roles": {"model": {"reviewers": ["eve"]}, "legal": {"reviewers": ["lex"]}}})
    refused(court, "the policy was changed after the gate decided")


def test_waiver_that_expired_between_check_and_publication(court: Court) -> None:
    court.start()
    court.develop()
    inputs = {"candidate": court.made["tune"], "evaluation": court.made["evaluate"]}
    waived = court.report(waivers=[{"check": "data_poisoning", "expires": yesterday()}])
    court.stage("comply", write_files({"report.json": waived}), inputs, seed="waived")
    court.gate()
    court.review("model", "ada")
    court.review("legal", "lex")
    refused(court, "the waiver for data_poisoning expired")


def test_other_destination_than_the_one_that_was_reviewed(court: Court) -> None:
    court.approved()
    court.settings.publish.repository = "mallory/model"
    refused(court, "where the model goes was changed after the gate")


def test_publishing_to_everyone_needs_a_policy_that_says_so(court: Court) -> None:
    court.settings.publish.private = False
    court.approved()
    refused(court, "policy allows internal distribution only")
    open_to_all = Court(court.settings, run="run-2")
    open_to_all.rewrite_policy(licences={"distribution": "public"})
    open_to_all.start()
    open_to_all.develop(seed="public")
    open_to_all.gate()
    open_to_all.review("model", "ada")
    open_to_all.review("legal", "lex")
    assert len(open_to_all.sign_off()) == 2


def test_without_the_key_nothing_is_published(court: Court) -> None:
    court.approved()
    court.settings.audit.signing_key = None
    refused(court, "policy demands a signed audit trail")


def test_policy_may_do_without_a_key(court: Court) -> None:
    court.settings.audit.signing_key = None
    court.rewrite_policy(sign_off={**POLICY["sign_off"], "require_signature": False})
    assert len(court.approved().sign_off()) == 2


# The trail itself


def test_record_forged_without_the_key_is_refused(court: Court) -> None:
    court.prepared()
    court.review("model", "ada")
    court.ask("legal")
    forger = Forger(court.lake, SecretStr("guess"))
    signoff.record_answer(
        forger, run_id=court.run, role="legal", request=court.shown("legal"), reviewer="lex", decision="approve",
        comment="", answers={},
    )  # fmt: skip
    refused(court, "signature is missing or wrong")


def test_edited_rejection_is_refused(court: Court) -> None:
    court.prepared()
    court.review("model", "ada")
    court.review("legal", "lex", "reject")
    number = court.audit.head().number
    changed = record(court, number)
    changed["data"]["decision"] = "approve"
    court.lake.write(place(court, number), Record.model_validate(changed).to_bytes())
    refused(court, "it was edited")


def test_good_record_copied_to_another_place_is_refused(court: Court) -> None:
    """The gate refused at last. A copy of its earlier, well-signed pass, under a name that sorts last, is no record."""
    court.approved()
    passed = court.audit.find(signoff.GATE)[-1]
    court.gate("refused")
    court.lake.write(court.lake.uri("audit", "records", f"{passed.number}.json"), passed.to_bytes())
    refused(court, "is no record: the pipeline gives no such name")
    refused(court, "the compliance gate says refused")


def test_trail_that_changes_between_two_readings_is_read_once(court: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    """A forged approval that lies there only when approvals are counted, and not when the chain is verified."""
    court.prepared()
    court.review("model", "ada")
    court.ask("legal")
    asked, reading = court.shown("legal"), AuditLog.trail

    def then_forged(self: AuditLog, witnesses: tuple[Head, ...] = ()):
        found = reading(self, witnesses)
        signoff.record_answer(
            Forger(court.lake), run_id=court.run, role="legal", request=asked, reviewer="lex", decision="approve",
            comment="", answers={},
        )  # fmt: skip
        return found

    monkeypatch.setattr(AuditLog, "trail", then_forged)
    refused(court, "legal review: 0 of 1 approvals")


def test_trail_rolled_back_is_refused_where_a_head_was_kept(court: Court) -> None:
    """A rejection is cut off the trail, with a head that fits: only a copy kept elsewhere knows of it."""
    court.approved()
    before = court.audit.head()
    court.review("model", "bob", "reject")
    witness = court.audit.head()
    court.lake.delete([place(court, number) for number in range(before.number + 1, witness.number + 1)])
    court.lake.write(court.lake.uri("audit", "head.json"), before.model_dump_json().encode())
    assert len(court.sign_off()) == 2
    refused(court, "the tail was cut or rewritten", witnesses=[witness])


def test_completed_record_names_the_whole_manifest(court: Court) -> None:
    court.develop()
    manifest = court.made["tune"]
    assert completed(manifest)["seal"] != completed(manifest.model_copy(update={"warnings": ["x"]}))["seal"]
