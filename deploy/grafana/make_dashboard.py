"""Write dashboards/llmops.json: python deploy/grafana/make_dashboard.py. A panel is a line here, not a drawing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "dashboards" / "llmops.json"
WIDTH, HEIGHT = 8, 7
SOURCE = {"type": "prometheus", "uid": "prometheus"}
# title, kind, unit, [(query, legend)]
PANELS: list[tuple[str, str, str, list[tuple[str, str]]]] = [
    ("Version in production", "stat", "none", [("llmops_production_version", "v")]),
    ("Fit at the last daily check", "stat", "bool_yes_no", [("llmops_production_fit", "fit")]),
    ("Lake reachable", "stat", "bool_yes_no", [("llmops_up", "up")]),
    ("Runs by result, a day", "timeseries", "short", [("sum by (result) (increase(llmops_runs_total[1d]))", "{{result}}")]),
    ("Time of the newest run", "timeseries", "s", [("llmops_run_seconds", "{{dag}}")]),
    ("Work by stage", "timeseries", "s", [("llmops_stage_seconds", "{{stage}}")]),
    ("Rows out by stage", "timeseries", "short", [('llmops_rows{flow="out"}', "{{stage}}")]),
    ("Rows set aside by reason", "timeseries", "short", [("topk(12, llmops_rows_set_aside)", "{{stage}}: {{reason}}")]),
    ("Work saved: stages unchanged, a day", "timeseries", "short",
     [("sum by (outcome) (increase(llmops_stage_completions_total[1d]))", "{{outcome}}")]),
    ("Validation loss", "timeseries", "none", [("llmops_training_loss", "{{of}}")]),
    ("Training throughput", "timeseries", "short", [("llmops_training_throughput_per_second", "{{unit}} a second")]),
    ("Scores on held-out questions", "timeseries", "none", [("llmops_evaluation_score", "{{metric}} {{model}}")]),
    ("Gate decisions", "timeseries", "short", [("llmops_gate_decisions_total", "{{verdict}}")]),
    ("Compliance checks by result", "timeseries", "short", [("llmops_compliance_checks", "{{status}}")]),
    ("Reviews that wait", "timeseries", "s", [("llmops_review_waiting_seconds", "{{role}} {{run}}")]),
    ("Mean time to an answer", "timeseries", "s",
     [("sum by (role) (llmops_review_answer_seconds_total) / sum by (role) (llmops_review_answers_total)", "{{role}}")]),
    ("Lake", "timeseries", "bytes", [("llmops_lake_bytes", "{{folder}}")]),
    ("Cost estimate, a day", "timeseries", "none", [("sum by (stage) (increase(llmops_cost_estimate_total[1d]))", "{{stage}}")]),
    ("Releases and rollbacks", "timeseries", "short",
     [("llmops_publications_total", "releases"), ("llmops_rollbacks_total", "rollbacks")]),
    ("Audit records", "timeseries", "short", [("llmops_audit_records", "records")]),
    ("Exporter", "timeseries", "s", [("llmops_exporter_seconds", "a scrape")]),
]  # fmt: skip


def dashboard() -> dict[str, Any]:
    """Return the dashboard as Grafana provisions it."""
    return {
        "uid": "llmops",
        "title": "LLMOps pipeline",
        "tags": ["llmops"],
        "schemaVersion": 39,
        "version": 1,
        "refresh": "1m",
        "time": {"from": "now-7d", "to": "now"},
        "timezone": "utc",
        "templating": {"list": []},
        "annotations": {
            "list": [
                {
                    "name": "Releases and rollbacks",
                    "datasource": SOURCE,
                    "enable": True,
                    "iconColor": "blue",
                    "expr": "changes(llmops_production_version[2m]) > 0",
                    "titleFormat": "production changed",
                }
            ]
        },
        "panels": [_panel(number, *panel) for number, panel in enumerate(PANELS)],
    }


def _panel(number: int, title: str, kind: str, unit: str, queries: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "id": number + 1,
        "title": title,
        "type": kind,
        "datasource": SOURCE,
        "gridPos": {"x": number % 3 * WIDTH, "y": number // 3 * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": unit}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}} if kind == "timeseries" else {},
        "targets": [
            {"refId": chr(65 + place), "datasource": SOURCE, "expr": query, "legendFormat": legend}
            for place, (query, legend) in enumerate(queries)
        ],
    }


def text() -> str:
    """Return the file's content."""
    return json.dumps(dashboard(), indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
