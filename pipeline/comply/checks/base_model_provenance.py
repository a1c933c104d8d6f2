"""The foundation model: known, pinned, and under a licence that allows this use."""

from __future__ import annotations

import re

from pipeline.comply import licences
from pipeline.comply.check import Check, Limits, Result, verdict, warning
from pipeline.comply.model_card import stated_licence
from pipeline.comply.subject import Subject

_PINNED = re.compile(r"^[0-9a-f]{40,64}$")


class BaseModelProvenance(Check):
    """Which model this one was made from, at which revision, under which licence."""

    slug = "base_model_provenance"
    title = "Origin and licence of the base model"
    proves = (
        "The base model is named and pinned to exact bytes, its licence is stated and allowed by the policy for the "
        "intended use, and the licence in the candidate's own model card, if any, is not another one."
    )
    risks = ("supply-chain",)
    severity = "high"
    remedy = "Name the base model with a fixed revision and its licence in the settings, section model"

    def judge(self, subject: Subject, limits: Limits) -> Result:
        """Judge what is stated."""
        policy, origin = subject.policy.licences, subject.origin
        problems, warnings = [], []
        judged = licences.judge(origin.licence, policy, policy.models)
        if judged.unknown and policy.unknown == "warn":
            warnings.append("nobody stated the base model's licence")
        else:
            problems += [f"base model: {problem}" for problem in judged.problems]
        in_pipeline = subject.manifest("base") is not None
        if not origin.name:
            warnings.append("no base model was named: nothing is compared with it")
        elif in_pipeline and not _PINNED.match(origin.revision or ""):
            problems.append(f"the base model {origin.name} is not pinned to a revision")
        for folder in [subject.candidate, *([subject.base] if subject.base else [])]:
            stated = stated_licence(folder.folder)
            if (
                stated
                and not licences.is_unknown(origin.licence)
                and licences.spelt(stated) != licences.spelt(origin.licence)
            ):
                problems.append(f"the model card of {folder.name} states {stated}, {origin.stated_by} {origin.licence}")
        measured = {
            "base_model": origin.name,
            "revision": origin.revision,
            "licence": judged.licence,
            "stated_by": origin.stated_by,
            "obligations": list(judged.obligations),
        }
        if warnings and not problems:
            return warning("; ".join(warnings), measured)
        return verdict(problems + warnings if problems else [], f"{origin.name}, {judged.licence}", measured)
