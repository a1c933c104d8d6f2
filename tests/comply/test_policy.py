from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pipeline.comply.policy import Policy, Waiver, load_policy
from pipeline.errors import SettingsError


def write(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "policy.yaml"
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("version: 2", "version"),
        ("version: 1\nperfomance: {}", "perfomance: Extra inputs are not permitted"),
        ("version: 1\nperformance: {minimum: {token_f1: high}}", "performance.minimum.token_f1"),
        ("version: 1\nversion: 1", "stands twice: version"),
        ("version: 1\nsign_off: {roles: {boss: {reviewers: [a]}}}", "sign_off.roles.boss"),
        ("version: 1\nsign_off: {roles: {model: {reviewers: [a, a]}}}", "named twice"),
        ("version: 1\nsign_off: {roles: {model: {reviewers: [a], approvals: 0}}}", "approvals"),
        ("version: 1\nwaivers: [{check: x, owner: me, reason: short, expires: 2030-01-01}]", "waivers.0.reason"),
        ("version: 1\nwaivers: [{check: x, owner: me, reason: '   " + " " * 20 + "', expires: 2026-12-01}]", "reason"),
        (
            "version: 1\nwaivers: [{check: x, owner: '  ', reason: accepted for the pilot, expires: 2026-12-01}]",
            "owner",
        ),
        ("version: 1\nchecks: {weight_files: {thresholds: {max_bad_values: .nan}}}", "max_bad_values: .*finite number"),
        ("version: 1\nchecks: {personal_data: {thresholds: {max_leaks: .inf}}}", "max_leaks: .*finite number"),
        ("version: 1\nperformance: {minimum: {token_f1: .nan}}", "token_f1: .*finite number"),
        ("version: 1\nperformance: {maximum_wrong_refusals: .nan}", "maximum_wrong_refusals"),
        ("version: [", "cannot be read"),
        ("just text", "policy"),
    ],
)
def test_a_wrong_policy_is_refused_with_its_key(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        load_policy(write(tmp_path, text))


def test_a_missing_policy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist"):
        load_policy(tmp_path / "policy.yaml")


def test_both_roles_must_sign_off_even_if_the_policy_forgets_one(tmp_path: Path) -> None:
    policy = load_policy(write(tmp_path, "version: 1\nsign_off: {roles: {model: {reviewers: [ann], approvals: 1}}}"))
    rules = {rule.role: rule for rule in policy.sign_off_rules()}
    assert set(rules) == {"model", "legal"}
    assert rules["legal"].reviewers == frozenset()
    assert rules["legal"].approvals == 1
    assert policy.reviewers() == {"ann"}


def test_the_digest_is_of_the_meaning(tmp_path: Path) -> None:
    first = load_policy(write(tmp_path, "version: 1\nrequire_all_probes: true")).digest
    assert load_policy(write(tmp_path, "# why\nrequire_all_probes: true\nversion: 1")).digest == first
    assert load_policy(write(tmp_path, "version: 1")).digest != first


def test_a_waiver_ends_and_is_for_its_check_and_model_only() -> None:
    waiver = Waiver(
        check="misinformation",
        owner="po",
        reason="accepted for the pilot phase",
        expires=date(2026, 6, 30),
        subject="a" * 12,
    )
    policy = Policy(version=1, waivers=(waiver,))
    model = "a" * 64
    assert policy.waiver("misinformation", model, date(2026, 6, 30)) == waiver
    assert policy.waiver("misinformation", model, date(2026, 7, 1)) is None
    assert policy.waiver("misinformation", "b" * 64, date(2026, 6, 1)) is None
    assert policy.waiver("performance", model, date(2026, 6, 1)) is None
