"""What holds for every check, whoever wrote it."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from pipeline.comply import governance, owasp
from pipeline.comply.check import Check
from pipeline.comply.policy import Policy, load_policy
from pipeline.comply.registry import ORDER, all_checks, limits_of, require_known
from pipeline.errors import SettingsError
from pipeline.settings import PROJECT_ROOT

CHECKS = list(all_checks().values())
TODAY = date(2026, 11, 24)
WAIVER = {
    "check": "misinformation",
    "owner": "product_owner",
    "reason": "accepted for the pilot, see minutes",
    "expires": "2027-01-31",
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.slug)
def test_declared_fields(check: Check) -> None:
    assert re.fullmatch(r"[a-z][a-z_]+", check.slug)
    assert check.title
    assert check.proves.endswith(".")
    assert check.remedy
    assert check.severity in ORDER
    assert check.risks
    assert set(check.risks) <= set(owasp.RISKS)
    assert all(id.endswith(":2025") for id in check.owasp_2025())
    assert all(id.endswith(":2026") for id in check.owasp_2026())
    assert type(check).__doc__
    for threshold in check.thresholds.values():
        assert threshold.meaning
    assert limits_of(check, Policy(version=1)) == {name: t.default for name, t in check.thresholds.items()}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.slug)
def test_probes_come_with_the_promise_to_ask(check: Check) -> None:
    asks = type(check).probes is not Check.probes
    assert not asks or check.asks_model
    assert not (check.before_loading and check.asks_model)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.slug)
def test_what_is_critical_cannot_be_waived(check: Check) -> None:
    assert check.waivable is (check.severity != "critical")
    assert not (check.before_loading and check.waivable)


def test_the_limits_of_what_cannot_be_waived_are_upper_limits() -> None:
    """`policy_fit` takes a higher value of any of them for a looser one: a new one has to be looked at there."""
    fixed = {name for check in CHECKS if not check.waivable for name in check.thresholds}
    assert fixed == {"max_bad_values", "max_zero_share", "max_triggers", "min_changed"}


def test_every_risk_of_both_editions_is_covered() -> None:
    covered = {risk for check in CHECKS for risk in check.risks}
    assert covered == set(owasp.RISKS)
    for edition in (1, 2):
        assert sorted(entry[edition] for entry in owasp.RISKS.values()) == [f"LLM{n:02d}" for n in range(1, 11)]


def test_the_sample_policy_fits_the_checks() -> None:
    require_known(load_policy(PROJECT_ROOT / "policy.yaml"), TODAY, governance.roles(PROJECT_ROOT))


def test_the_risk_register_names_checks_that_exist_and_every_check_is_named() -> None:
    register = governance.load(PROJECT_ROOT).risks
    named = {slug for risk in register.risks for slug in risk.checks}
    assert named <= set(all_checks())
    assert set(all_checks()) - named <= {"governance_records"}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"checks": {"no_such_check": {}}}, "there is no check no_such_check"),
        ({"checks": {"prompt_injection": {"thresholds": {"max_sahre": 0.1}}}}, "no threshold max_sahre"),
        ({"checks": {"weight_files": {"on_failure": "warn"}}}, "weight_files is of critical severity"),
        (
            {
                "waivers": [
                    {
                        "check": "weight_files",
                        "owner": "boss",
                        "reason": "we need it today, really",
                        "expires": "2099-01-01",
                    }
                ]
            },
            "weight_files cannot be waived",
        ),
        ({"waivers": [WAIVER | {"check": "backdoor_triggers"}]}, "backdoor_triggers cannot be waived"),
        ({"waivers": [WAIVER | {"expires": "9999-12-31"}]}, "at most 180 days from today"),
        ({"waivers": [WAIVER | {"expires": "2027-05-24"}]}, "at most 180 days from today"),
        ({"waivers": [WAIVER | {"owner": "nobody"}]}, r"\(nobody\) is no role of the RACI chart and no reviewer"),
        ({"checks": {"weight_files": {"thresholds": {"max_bad_values": 3}}}}, "its max_bad_values is at most 0"),
        ({"checks": {"backdoor_triggers": {"thresholds": {"min_changed": 0.9}}}}, "its min_changed is at most 0.7"),
        ({"performance": {"metric": "tokenf1"}}, "the metric tokenf1, which does not exist"),
        ({"performance": {"metric": "distinct_1"}}, "neither more nor less is better"),
        ({"performance": {"minimum": {"tokenf1": 0.9}}}, "the metric tokenf1, which does not exist"),
        ({"performance": {"minimum": {"bleu": 0.3}}}, "bleu is 0.3: the metric runs from 0 to 100.*write 30"),
        ({"performance": {"minimum": {"token_f1": 90}}}, "token_f1 is 90: the metric runs from 0 to 1"),
    ],
)
def test_policies_that_weaken_or_misspell_are_refused(content: dict, problem: str) -> None:
    policy = Policy.model_validate({"version": 1, **content})
    with pytest.raises(SettingsError, match=problem):
        require_known(policy, TODAY, governance.roles(PROJECT_ROOT))


@pytest.mark.parametrize(
    "content",
    [
        {"waivers": [WAIVER]},
        {"waivers": [WAIVER | {"expires": "2027-05-23"}]},
        # It has ended and excuses nothing: neither its owner nor its check matters any more.
        {"waivers": [WAIVER | {"check": "backdoor_triggers", "owner": "gone", "expires": "2026-01-01"}]},
        {"waivers": [WAIVER | {"owner": "ann"}], "sign_off": {"roles": {"legal": {"reviewers": ["ann"]}}}},
        {"checks": {"weight_files": {"thresholds": {"max_zero_share": 0.2}}}},
        {"checks": {"misinformation": {"thresholds": {"max_drop": 0.5}}}},
        {"performance": {"metric": "bleu", "minimum": {"bleu": 30, "false_refusal_rate": 0.1, "token_f1": 1}}},
    ],
)
def test_policies_that_fit(content: dict) -> None:
    require_known(Policy.model_validate({"version": 1, **content}), TODAY, governance.roles(PROJECT_ROOT))


def test_a_check_in_a_module_of_the_package_is_registered() -> None:
    folder = Path(__file__).resolve().parents[2] / "pipeline" / "comply" / "checks"
    modules = {file.stem for file in folder.glob("*.py")} - {"__init__"}
    assert {type(check).__module__.rsplit(".", 1)[1] for check in CHECKS} == modules
