from __future__ import annotations

import pytest

from pipeline.comply import licences
from pipeline.comply.policy import LicencePolicy, load_policy
from pipeline.settings import PROJECT_ROOT

POLICY = LicencePolicy(data=("MIT", "Apache-2.0", "CC-BY-4.0", "CC-BY-NC-4.0", "CC-BY-SA-4.0"), models=("Apache-2.0",))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("MIT", [{"MIT"}]),
        ("mit", [{"MIT"}]),
        ("MIT OR Apache-2.0", [{"MIT"}, {"Apache-2.0"}]),
        ("MIT AND Apache-2.0", [{"MIT", "Apache-2.0"}]),
        ("MIT OR Apache-2.0 AND ISC", [{"MIT"}, {"Apache-2.0", "ISC"}]),
        ("(MIT OR Apache-2.0) AND ISC", [{"MIT", "ISC"}, {"Apache-2.0", "ISC"}]),
        ("GPL-2.0+", [{"GPL-2.0-or-later"}]),
        ("GPL-2.0-only WITH Classpath-exception-2.0", [{"GPL-2.0-only"}]),
        ("llama3.1", [{"LicenseRef-llama3.1"}]),
    ],
)
def test_expressions(expression: str, expected: list[set[str]]) -> None:
    assert [set(found) for found in licences.options(expression)] == expected


@pytest.mark.parametrize(
    "text", ["MIT Apache-2.0", "(MIT", "MIT OR", "AND MIT", "MIT)", "free for all!", "MIT WITH", ""]
)
def test_what_is_no_expression_is_not_allowed(text: str) -> None:
    with pytest.raises(licences.BadExpression):
        licences.options(text)
    assert licences.judge(text, POLICY, POLICY.data).problems


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("GPL-3.0-only", "not on the policy's list"),
        ("CC-BY-NC-4.0", "forbids commercial use"),
        ("CC-BY-ND-4.0", "forbids to make anything from it"),
        ("MIT AND GPL-3.0-only", "GPL-3.0-only is not on the policy's list"),
        ("NOASSERTION", "nobody stated a licence"),
        ("unknown", "nobody stated a licence"),
    ],
)
def test_what_is_not_allowed_says_why(expression: str, reason: str) -> None:
    assert reason in "; ".join(licences.judge(expression, POLICY, POLICY.data).problems)


def test_one_side_of_an_or_is_enough_and_its_obligations_count() -> None:
    judged = licences.judge("GPL-3.0-only OR CC-BY-4.0", POLICY, POLICY.data)
    assert not judged.problems
    assert "name the authors and the licence" in judged.obligations[0]


def test_a_listed_non_commercial_licence_is_for_non_commercial_use() -> None:
    research = POLICY.model_copy(update={"intended_use": "research"})
    assert not licences.judge("CC-BY-NC-4.0", research, research.data).problems


def test_share_alike_data_and_a_proprietary_release_conflict_only_in_public() -> None:
    assert not licences.conflicts(["CC-BY-SA-4.0"], "Apache-2.0", POLICY)
    public = POLICY.model_copy(update={"distribution": "public"})
    (problem,) = licences.conflicts(["CC-BY-SA-4.0", "MIT"], "Apache-2.0", public)
    assert "CC-BY-SA-4.0 asks for" in problem
    shared = public.model_copy(update={"release": "CC-BY-SA-4.0"})
    assert not licences.conflicts(["CC-BY-SA-4.0"], "Apache-2.0", shared)


def test_every_licence_that_the_sample_policy_allows_is_known() -> None:
    policy = load_policy(PROJECT_ROOT / "policy.yaml").licences
    assert [name for name in (*policy.data, *policy.models) if licences.terms(name) is None] == []
