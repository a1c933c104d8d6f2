"""Portability: everything that is known of a subject, as JSON that a person and a machine can read."""

from __future__ import annotations

import json
import re
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.audit import open_audit
from pipeline.lake import Lake
from pipeline.privacy import online, rows
from pipeline.privacy.affected import affected_models
from pipeline.privacy.inventory import Inventory, take
from pipeline.privacy.payloads import readings
from pipeline.privacy.search import Found, manifests_with_rows, search
from pipeline.privacy.subject import Subject
from pipeline.privacy.unpacking import Unsearchable
from pipeline.settings import Settings

EXPORTED = "subject_exported"
AROUND = 200
HIDDEN = frozenset({"token_ids", "attention_mask", "labels"})
"""Numbers that say nothing which the row's texts do not say."""


def export(settings: Settings, lake: Lake, subject: Subject, out: Path, *, actor: str) -> dict[str, Any]:
    """Write everything that is known of a subject to a file readable by its owner only, and return it.

    Rows that several datasets hold alike are given once, with all the places. Of raw payloads, which hold other
    people's data too, only the surroundings of the subject's names are given. The export is recorded in the audit
    trail under a reference, without the subject's name.
    """
    inventory = take(lake)
    found = search(lake, inventory, subject)
    audit = open_audit(settings, lake)
    reference = f"export-{uuid.uuid4().hex[:12]}"
    models = affected_models(inventory, manifests_with_rows(inventory, found), audit)
    document = {
        "reference": reference,
        "subject": list(subject.names),
        "at": datetime.now(UTC).isoformat(),
        "records": _records(lake, found, subject),
        "mentions": _mentions(lake, found, subject),
        "online": online.held(settings, lake, found.traces.ids),
        "models_trained_with_it": [model.model_dump() for model in models],
        "sources": _sources(inventory, found),
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    out.touch(mode=0o600)
    out.chmod(0o600)
    out.write_text(json.dumps(document, ensure_ascii=False, indent=1, default=str), encoding="utf-8")
    counts = {name: len(value) for name, value in document.items() if isinstance(value, list) and name != "subject"}
    audit.append(EXPORTED, actor=actor, subject=reference, data=counts)
    return document


def _records(lake: Lake, found: Found, subject: Subject) -> list[dict[str, Any]]:
    merged: dict[str, dict[str, Any]] = {}
    for uri in sorted(found.rows):
        for row in rows.matching(lake, uri, subject, found.traces.ids).to_pylist():
            record = {name: value for name, value in row.items() if name not in HIDDEN}
            key = json.dumps(record, sort_keys=True, default=str)
            merged.setdefault(key, {"in": [], "record": record})["in"].append(lake.key(uri))
    return list(merged.values())


def _mentions(lake: Lake, found: Found, subject: Subject) -> list[dict[str, Any]]:
    mentions = []
    for uri in sorted([*found.raw, *found.texts, *found.untouchable]):
        excerpts: list[str] = []
        try:
            for text in readings(lake, uri, subject):
                excerpts += _excerpts(text, subject)
        except Unsearchable:
            excerpts.append("(the rest of this object cannot be read)")
        mentions.append({"in": lake.key(uri), "excerpts": list(dict.fromkeys(excerpts))})
    for uri, reason in sorted(found.unsearched.items()):
        mentions.append({"in": lake.key(uri), "excerpts": [f"(not searched: {reason})"]})
    return mentions


def _excerpts(text: str, subject: Subject) -> list[str]:
    pattern = "|".join(r"\s+".join(map(re.escape, name.split())) for name in subject.names)
    return [
        text[max(0, place.start() - AROUND) : place.end() + AROUND]
        for place in re.finditer(pattern, text, re.IGNORECASE)
    ]


def _sources(inventory: Inventory, found: Found) -> list[str]:
    named = inventory.naming(found.rows)
    return sorted(
        {manifest.stage.removeprefix("collect-") for manifest in named if manifest.stage.startswith("collect-")}
    )
