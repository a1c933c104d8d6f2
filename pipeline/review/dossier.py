"""What reviewers read in Airflow: how the run began, figures against base and champion, answers, findings, digests.

The text is Markdown made from numbers of ours and from texts of strangers (questions, contexts, model answers). Every
such text is cut to a length and escaped, so that nothing in it can look like a heading, a link, an image or a verdict.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.evaluate.ratings import Item
from pipeline.lake import Lake
from pipeline.manifest import Manifest
from pipeline.review.beginning import NOT_TOLD, Beginning
from pipeline.review.form import SCALES
from pipeline.review.text import cell, figure, plain

SAMPLES = 6
MAX_RATED = 1500
"""Characters of an answer that is to be rated: cut shorter, its completeness could not be judged."""


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything a reviewer needs to decide, and where the rest is."""

    run_id: str
    candidate: Manifest
    evaluation: Manifest
    compliance: Manifest
    answers: Sequence[Mapping[str, Any]]
    report_url: str
    destination: str = ""
    rated: Sequence[Item] = ()
    beginning: Beginning = NOT_TOLD

    def subject(self, role: str) -> str:
        """Return the review's headline."""
        digest = self.candidate.output("model").digest[:12]
        return f"{role.capitalize()} review of candidate {digest}"

    def body(self, role: str) -> str:
        """Return the Markdown of a role's review."""
        own = self._legal() if role == "legal" else self._model()
        return "\n\n".join([self._head(), *self.beginning.lines(), *own, self._bytes()])

    def _head(self) -> str:
        facts, sampling = self.compliance.facts, self.compliance.parameters.get("sampling") or {}
        verdict = plain(facts.get("verdict", "unknown"))
        sizes = ", ".join(f"{name.replace('_', ' ')} {size}" for name, size in sampling.items() if size is not None)
        probes = f"a sample of the probes ({plain(sizes)})" if sizes else "all probes"
        return (
            f"**Gate: {verdict}** · [all reports of this run]({self.report_url}) · run `{plain(self.run_id)}` · "
            f"policy `{plain(facts.get('policy', 'unknown'))[:16]}` · {probes}"
        )

    def _model(self) -> list[str]:
        return [*self._blind(), "### Held-out questions", metrics_table(self.evaluation), *self._samples()]

    def _blind(self) -> list[str]:
        """Return the answers to rate, without their authors; nothing else on the page is about their questions."""
        if not self.rated:
            return []
        told = (
            "Some were written by people, some by models. Rate them below before you open the full report, each with "
            f"four numbers from 1 (poor) to 5 (excellent): {SCALES}."
        )
        rows = [
            f"| {number} | {cell(item.question)} | {cell(item.context or '')} | {cell(item.answer, MAX_RATED)} |"
            for number, item in enumerate(self.rated, start=1)
        ]
        table = "| answer | question | context | answer's text |\n|---|---|---|---|\n" + "\n".join(rows)
        return ["### Answers to rate blind", told, table]

    def _legal(self) -> list[str]:
        facts = self.compliance.facts
        licences = facts.get("licences") or {}
        rows = "\n".join(f"| {cell(name)} | {cell(value)} |" for name, value in licences.items())
        table = f"| licence of | what |\n|---|---|\n{rows}" if rows else "No licence was recorded."
        return ["### Licences", table, "### Findings", findings_table(facts.get("findings") or [])]

    def _samples(self) -> list[str]:
        if not self.answers:
            return []
        rows = [
            "| "
            + " | ".join(
                cell(text)
                for text in (
                    row["question"],
                    row["reference"],
                    row.get("champion") or row.get("base") or "",
                    row["candidate"],
                )
            )
            + " |"
            for row in self.answers
        ]
        head = "| question | people's answer | production (or base) | candidate |\n|---|---|---|---|\n"
        return ["### Answers side by side", head + "\n".join(rows)]

    def _bytes(self) -> str:
        model = self.candidate.output("model")
        files = "\n".join(f"| `{plain(file.path)}` | {file.size:,} | `{file.sha256}` |" for file in model.files)
        goes = f" An approval lets it go to `{plain(self.destination)}`." if self.destination else ""
        return (
            f"### What your approval is bound to\n\nModel `{model.digest}`, evaluation `{self.evaluation.digest}`, "
            f"compliance `{self.compliance.digest}`.{goes}\n\n| file | bytes | SHA-256 |\n|---|---|---|\n{files}"
        )


def build(
    lake: Lake,
    run_id: str,
    candidate: Manifest,
    evaluation: Manifest,
    compliance: Manifest,
    report_url: str,
    *,
    destination: str = "",
    samples: int = SAMPLES,
    rated: Sequence[Item] = (),
    hidden: Collection[str] = (),
    beginning: Beginning = NOT_TOLD,
) -> Dossier:
    """Gather a dossier from the manifests of a run, with so many answers side by side.

    `rated` are the answers to rate blind; the questions in `hidden` are left out of the side-by-side table, which
    would tell who wrote what.
    """
    rows = lake.read_table(evaluation.output("answers").uri).to_pylist()
    shown = [row for row in rows if row.get("question_id") not in hidden][:samples]
    return Dossier(run_id, candidate, evaluation, compliance, shown, report_url, destination, rated, beginning)


def metrics_table(evaluation: Manifest) -> str:
    """Return the headline metrics of an evaluation as a Markdown table."""
    head = "| metric | candidate | 95 % interval | base model | champion | extractive baseline |\n" + "|---" * 6 + "|\n"
    rows = []
    for name, row in evaluation.facts.get("metrics", {}).items():
        keys = ("candidate", "interval", "base", "champion", "baseline")
        rows.append(f"| {cell(name)} | " + " | ".join(figure(row.get(key)) for key in keys) + " |")
    return head + "\n".join(rows)


def findings_table(findings: Sequence[Mapping[str, Any]]) -> str:
    """Return the compliance findings as a Markdown table, the worst first."""
    order = {"failed": 0, "warning": 1, "passed": 2, "not_applicable": 3}
    ranked = sorted(findings, key=lambda finding: order.get(str(finding.get("status")), 0))
    rows = [
        f"| {cell(f.get('check'))} | {cell(f.get('status'))} | {cell(', '.join(f.get('owasp') or []))} "
        f"| {cell(f.get('summary') or '')} |"
        for f in ranked
    ]
    return "| check | result | OWASP | what was found |\n|---|---|---|---|\n" + "\n".join(rows)
