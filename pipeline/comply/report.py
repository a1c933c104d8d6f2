"""The report of a compliance check: one document for machines, one page for people, no personal data in either."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline.comply import owasp
from pipeline.comply.gate import Decision
from pipeline.comply.redaction import redacted
from pipeline.comply.runner import Finding, plain
from pipeline.comply.subject import ModelFiles, Subject

FOLDER = Path(__file__).parent
STYLES = (FOLDER.parent / "evaluate" / "report" / "style.css", FOLDER / "templates" / "comply.css")
COLUMNS = {
    "waivers": ("check", "owner", "reason", "expires", "finding"),
    "risks": ("title", "id", "score", "treatment", "measures", "residual", "owner", "review_by"),
    "sources": ("name", "kind", "licence", "owner", "lawful_basis", "personal_data", "retention_days"),
}
LONGEST_ID = 16
"""A cell of one word up to this length is an id, a number or a name, and is not broken in two."""
STATUS = {"failed": "failed", "warning": "warning", "passed": "passed", "not_applicable": "not applicable"}


def document(subject: Subject, findings: Sequence[Finding], decision: Decision, governance: Any) -> dict[str, Any]:
    """Return everything that the report says, as JSON values. The same subject gives the same document."""
    checks = [redacted(plain(finding, subject.policy)) for finding in findings]
    return {
        "schema": "llmops-compliance/1",
        "verdict": decision.verdict,
        "reasons": redacted(list(decision.reasons)),
        "warnings": redacted(list(decision.warnings)),
        "waivers": redacted(list(decision.waived)),
        "counts": {status: sum(1 for finding in findings if finding.status == status) for status in STATUS},
        "models": {
            "candidate": _model(subject.candidate),
            "base": _model(subject.base) if subject.base else None,
        },
        "origin": {
            "base_model": subject.origin.name,
            "revision": subject.origin.revision,
            "licence": subject.origin.licence,
            "licence_stated_by": subject.origin.stated_by,
        },
        "inputs": {
            name: {"manifest": f"{manifest.stage}/{manifest.key}", "digest": manifest.digest}
            for name, manifest in sorted(subject.manifests.items())
        },
        "data": {
            "origin": subject.rows.origin if not subject.manifests else "prepared rows",
            "splits": subject.rows.splits(),
            "replayed": subject.rows.replayed,
            "licences": subject.rows.licences(),
            "sources": subject.rows.sources(),
        },
        "licences": licences(subject),
        "probes": {
            "asked": len(subject.replies),
            "asked_of_base": len(subject.base_replies),
            "held_out_questions": len(subject.held_out),
            "sample": subject.sampling.model_dump(exclude={"batch_size"}),
        },
        "licences_table": licences(subject),
        "findings": checks,
        "owasp": coverage(findings),
        "policy": {"digest": subject.policy.digest, "content": subject.policy.model_dump(mode="json")},
        "governance": governance,
    }


def licences(subject: Subject) -> dict[str, str]:
    """Return what is licensed and how, as reviewers read it."""
    stated = f"{subject.origin.licence} ({subject.origin.name or 'unnamed'}, stated by {subject.origin.stated_by})"
    found = {"base model": stated}
    for (source, licence), rows in subject.rows.licences_by_source().items():
        key = f"data: {source}"
        found[key] = f"{found[key]}; {licence} ({rows} rows)" if key in found else f"{licence} ({rows} rows)"
    policy = subject.policy.licences
    found["intended use"] = f"{policy.intended_use}, {policy.distribution}"
    return found


def coverage(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return each risk of the OWASP Top 10 with the checks that guard it and the worst of their results."""
    rank = list(STATUS)
    rows = []
    for risk, (title, first, second) in owasp.RISKS.items():
        about = [finding for finding in findings if risk in finding.check.risks]
        worst = min((finding.status for finding in about), key=rank.index, default="failed")
        rows.append(
            {
                "risk": risk,
                "title": title,
                "owasp_2025": first,
                "owasp_2026": second,
                "status": worst,
                "checks": {finding.check.slug: finding.status for finding in about},
            }
        )
    return rows


def facts(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return what goes into the manifest: for the gate, the reviewers and the model card."""
    return {
        "verdict": report["verdict"],
        "reasons": report["reasons"],
        "warnings": report["warnings"],
        "waivers": report["waivers"],
        "counts": report["counts"],
        "licences": report["licences_table"],
        "policy": report["policy"]["digest"],
        "findings": [
            {key: finding[key] for key in ("check", "title", "status", "severity", "owasp", "summary")}
            for finding in report["findings"]
        ],
    }


def to_json(report: Mapping[str, Any]) -> bytes:
    """Return the document for machines."""
    return json.dumps(report, ensure_ascii=False, indent=1, sort_keys=True).encode("utf-8", "replace")


def to_html(report: Mapping[str, Any]) -> str:
    """Return the page for people: self-contained, without scripts, everything from outside escaped."""
    style = "\n".join(path.read_text(encoding="utf-8") for path in STYLES)
    page = _environment().get_template("compliance.html.j2").render(report=report, style=style, status=STATUS)
    return page.encode("utf-8", "replace").decode("utf-8")


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["words"] = lambda value: str(value).replace("_", " ")
    environment.filters["shown"] = _shown
    environment.tests["one_word"] = lambda text: len(text) <= LONGEST_ID and not any(map(str.isspace, text))
    environment.filters["thresholds"] = lambda items: [(n, t["value"], t["default"], t["meaning"]) for n, t in items]
    environment.filters["files"] = lambda files: [
        (name, entry["size"], entry["sha256"]) for name, entry in files.items()
    ]
    for name, columns in COLUMNS.items():
        environment.filters[name] = functools.partial(_columns, columns)
    return environment


def _columns(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    return [[_score(row) if name == "score" else row[name] for name in columns] for row in rows]


def _score(risk: Mapping[str, Any]) -> int:
    return int(risk["likelihood"]) * int(risk["impact"])


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_shown(inner)}" for key, inner in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(_shown(inner) for inner in value) or "none"
    return str(value)


def _model(model: ModelFiles) -> dict[str, Any]:
    if model.output is None:
        return {"name": model.name, "digest": None, "files": None}
    return {
        "name": model.name,
        "digest": model.output.digest,
        "files": {entry.path: {"size": entry.size, "sha256": entry.sha256} for entry in model.output.files},
    }
