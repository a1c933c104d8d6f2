"""The verdict fails closed, and nobody talks their way past it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from pipeline.comply.check import Check, Result, failed, passed, warning
from pipeline.comply.gate import decide, enforce
from pipeline.comply.policy import Policy
from pipeline.comply.registry import all_checks
from pipeline.comply.runner import Finding, run_checks
from pipeline.comply.subject import ModelFiles, Subject
from pipeline.errors import PipelineError, Refused
from pipeline.lake import Lake
from pipeline.manifest import Manifest
from pipeline.stage import Attempt, run_stage

TODAY = date(2026, 11, 24)
MODEL = "a" * 64


def findings(changed: Mapping[str, Result] | None = None) -> list[Finding]:
    results = {slug: passed("fine") for slug in all_checks()} | dict(changed or {})
    return [Finding(all_checks()[slug], result, {}) for slug, result in results.items()]


def policy(**content: object) -> Policy:
    return Policy.model_validate({"version": 1, **content})


def waiver(check: str, expires: str = "2026-12-31", **more: str) -> dict:
    return {
        "check": check,
        "owner": "product_owner",
        "reason": "accepted for the pilot, see minutes",
        "expires": expires,
        **more,
    }


def test_all_passed_passes() -> None:
    assert decide(findings(), policy(), MODEL, TODAY, sampled=True).verdict == "passed"


def test_one_failure_refuses_with_its_reason() -> None:
    decided = decide(findings({"personal_data": failed("3 answers leak")}), policy(), MODEL, TODAY, sampled=True)
    assert decided.verdict == "refused"
    assert decided.reasons == ("personal_data: 3 answers leak",)


def test_a_warning_is_shown_and_does_not_refuse() -> None:
    decided = decide(
        findings({"dependency_vulnerabilities": warning("no advisories")}), policy(), MODEL, TODAY, sampled=True
    )
    assert decided.verdict == "passed"
    assert decided.warnings == ("dependency_vulnerabilities: no advisories",)


def test_a_check_that_was_not_run_refuses() -> None:
    kept = [finding for finding in findings() if finding.check.slug != "memorisation"]
    assert decide(kept, policy(), MODEL, TODAY, sampled=True).reasons == ("memorisation: it was not run",)
    assert decide([], policy(), MODEL, TODAY, sampled=True).verdict == "refused"


def test_a_waiver_covers_its_check_until_it_ends_and_shows() -> None:
    bad = findings({"misinformation": failed("ungrounded")})
    decided = decide(bad, policy(waivers=[waiver("misinformation")]), MODEL, TODAY, sampled=True)
    assert decided.verdict == "passed"
    assert decided.waived[0]["finding"] == "ungrounded"
    late = decide(bad, policy(waivers=[waiver("misinformation", "2026-11-23")]), MODEL, TODAY, sampled=True)
    assert late.verdict == "refused"
    other = decide(bad, policy(waivers=[waiver("misinformation", subject="b" * 12)]), MODEL, TODAY, sampled=True)
    assert other.verdict == "refused"


def test_a_waiver_for_a_check_that_cannot_be_waived_does_nothing() -> None:
    bad = findings({"weight_files": failed("a pickle")})
    assert decide(bad, policy(waivers=[waiver("weight_files")]), MODEL, TODAY, sampled=True).verdict == "refused"


def test_only_checks_of_lower_severity_can_be_made_to_warn() -> None:
    content = {slug: {"on_failure": "warn"} for slug in ("governance_records", "prompt_injection")}
    mild = findings({"governance_records": failed("late")})
    grave = findings({"prompt_injection": failed("obeys")})
    assert decide(mild, policy(checks=content), MODEL, TODAY, sampled=True).verdict == "passed"
    assert decide(grave, policy(checks=content), MODEL, TODAY, sampled=True).verdict == "refused"


def test_a_sample_of_probes_does_not_do_where_the_policy_demands_all() -> None:
    strict = policy(require_all_probes=True)
    assert decide(findings(), strict, MODEL, TODAY, sampled=False).verdict == "passed"
    assert "demands all probes" in decide(findings(), strict, MODEL, TODAY, sampled=True).reasons[0]


def test_an_unsigned_trail_does_not_do_where_the_policy_demands_a_signed_one() -> None:
    decided = decide(findings(), policy(), MODEL, TODAY, sampled=True, signed=False)
    assert decided.verdict == "refused"
    assert "LLMOPS_AUDIT__SIGNING_KEY" in decided.reasons[0]
    lenient = policy(sign_off={"require_signature": False})
    assert decide(findings(), lenient, MODEL, TODAY, sampled=True, signed=False).verdict == "passed"


class Broken(Check):
    """A check with a defect of its own."""

    slug = "broken"
    title = "Broken"
    proves = "Nothing."
    risks = ("supply-chain",)
    severity = "low"
    remedy = "Mend it"

    def judge(self, subject: Subject, limits: Mapping[str, float]) -> Result:
        raise KeyError("lost")


class Unreachable:
    def ask(self, model: ModelFiles, probes: object) -> dict:
        raise PipelineError("The model cannot be loaded: out of memory")


def test_a_check_that_breaks_has_failed(subject) -> None:
    (finding,) = run_checks(subject(), Unreachable(), checks={"broken": Broken()})  # type: ignore[arg-type]
    assert finding.status == "failed"
    assert "the check broke and proves nothing: KeyError" in finding.result.summary


def test_a_model_that_cannot_be_asked_fails_every_check_that_asks(subject) -> None:
    for finding in run_checks(subject(), Unreachable()):  # type: ignore[arg-type]
        if finding.check.asks_model:
            assert finding.status == "failed"
            assert "out of memory" in finding.result.summary


def reported(lake: Lake, verdict: str | None, reasons: list[str], stage: str = "comply") -> Manifest:
    def work(attempt: Attempt) -> None:
        content = json.dumps({"verdict": verdict, "reasons": reasons})
        attempt.lake.write(attempt.uri("report", "report.json"), content.encode())
        attempt.facts.update(verdict=verdict, reasons=reasons)

    return run_stage(lake, stage, work, run_id="r", parameters={"n": verdict}, packages=("comply/gate",))


def test_enforce_lets_a_pass_through_and_names_the_reasons_otherwise(lake: Lake) -> None:
    enforce(reported(lake, "passed", []), lake)
    with pytest.raises(Refused, match=r"memorisation: leaks; performance: worse"):
        enforce(reported(lake, "refused", ["memorisation: leaks", "performance: worse"]), lake)


def test_enforce_takes_no_other_manifest_and_no_missing_verdict(lake: Lake) -> None:
    with pytest.raises(Refused, match="not of a compliance check"):
        enforce(reported(lake, "passed", [], stage="evaluate"), lake)
    with pytest.raises(Refused, match="verdict is None"):
        enforce(reported(lake, None, []), lake)


def test_edited_facts_or_an_edited_report_do_not_open_the_gate(lake: Lake) -> None:
    made = reported(lake, "refused", ["memorisation: leaks"])
    forged = made.model_copy(update={"facts": {"verdict": "passed", "reasons": []}})
    with pytest.raises(Refused, match="memorisation: leaks"):
        enforce(forged, lake)
    place = f"{made.output('report').uri}/report.json"
    lake.write(place, lake.read(place).replace(b'"refused"', b'"passed"'))
    with pytest.raises(Refused, match="not the one that its stage wrote"):
        enforce(forged, lake)


def test_the_gate_imports_nothing_heavy() -> None:
    import subprocess
    import sys

    code = "import pipeline.comply.gate, pipeline.comply.policy, pipeline.comply.command, sys;"
    code += "print(sorted(set(sys.modules) & {'torch', 'transformers', 'pyarrow', 'pandas', 'numpy'}))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert done.stdout.strip() == "[]"
