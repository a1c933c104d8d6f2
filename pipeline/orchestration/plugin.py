"""An Airflow plugin: the outcome as a run's note, and its reports as a tab, behind Airflow's login and permissions.

Reports hold text from outside and from models. They are served with a policy that lets no script run and nothing be
fetched, in a sandbox that has no part in Airflow's session.
"""

from __future__ import annotations

import html
from typing import Any

from airflow.api_fastapi.core_api.security import requires_access_dag
from airflow.plugins_manager import AirflowPlugin
from fastapi import Depends, FastAPI, HTTPException, Response

from pipeline.orchestration import notes

PREFIX = "/llmops"
POLICY = "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'"
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".jsonl": "text/plain; charset=utf-8",  # shown: the sandbox lets nothing be downloaded
    ".csv": "text/csv; charset=utf-8",
}
STAGES = {
    "prepare": "Data",
    "pretrain": "Pre-training",
    "train": "Training",
    "tune": "Tuning",
    "evaluate": "Evaluation",
    "comply": "Compliance",
    "rate": "Evaluation with the reviewers' ratings",
}
FIRST = "report.html"

STYLE = """body{font:16px/1.5 system-ui;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1b1f24}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.5rem;border-bottom:1px solid #d0d7de}"""

app = FastAPI(title="LLMOps reports", docs_url=None, redoc_url=None, openapi_url=None)


def _lake() -> Any:
    from pipeline.lake import open_lake
    from pipeline.settings import load

    return open_lake(load().lake)


def _respond(content: bytes, kind: str) -> Response:
    headers = {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, max-age=60",
    }
    return Response(content, media_type=kind, headers=headers)


@app.get("/runs/{dag_id}/{run_id}/", dependencies=[Depends(requires_access_dag("GET"))])
def index(dag_id: str, run_id: str) -> Response:
    """Show what the run has made so far, with a link to each report."""
    from pipeline.orchestration import runs

    rows = []
    for stage, manifest in runs.manifests(_lake(), run_id).items():
        report = manifest.outputs.get("report")
        title = html.escape(STAGES.get(stage, stage))
        linked = report is not None and any(file.path == FIRST for file in report.files)
        cell = f'<a href="{html.escape(stage)}/{FIRST}">{title}</a>' if linked else title
        note = "unchanged" if manifest.cached else f"{manifest.seconds:.1f} s"
        counts = manifest.counts
        rows.append(
            f"<tr><td>{cell}<td>{note}<td>{counts.rows_in or ''}<td>{counts.rows_out or ''}<td>{counts.set_aside or ''}"
            f"<td><code>{manifest.digest[:12]}</code>"
        )
    body = "".join(rows) or "<tr><td colspan=6>This run has made nothing yet."
    page = (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Reports</title><style>{STYLE}</style>"
        f"<h1>Reports of {html.escape(dag_id)}</h1><p>Run <code>{html.escape(run_id)}</code></p>"
        "<table><tr><th>Stage<th>Work<th>Rows in<th>Rows out<th>Set aside<th>Digest" + body + "</table>"
    )
    return _respond(page.encode(), KINDS[".html"])


@app.get("/runs/{dag_id}/{run_id}/{stage}/{path:path}", dependencies=[Depends(requires_access_dag("GET"))])
def report(dag_id: str, run_id: str, stage: str, path: str) -> Response:
    """Serve a file of a stage's report: only files that its manifest lists."""
    from pipeline.orchestration import runs

    lake = _lake()
    manifest = runs.manifests(lake, run_id).get(stage)
    output = manifest.outputs.get("report") if manifest else None
    kind = KINDS.get(f".{path.rsplit('.', 1)[-1]}")
    if output is None or kind is None or not any(file.path == path for file in output.files):
        raise HTTPException(404, f"The run has no report {stage}/{path}")
    return _respond(lake.read(f"{output.uri}/{path}"), kind)


class LLMOpsPlugin(AirflowPlugin):
    """Registers the reports and the notes."""

    name = "llmops"
    listeners = [notes]  # noqa: RUF012
    fastapi_apps = [{"app": app, "url_prefix": PREFIX, "name": "LLMOps reports"}]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {
            "name": "Reports",
            "href": f"{PREFIX}/runs/{{DAG_ID}}/{{RUN_ID}}/",
            "destination": "dag_run",
            "url_route": "llmops-reports",
        }
    ]
