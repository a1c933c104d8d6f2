"""An Airflow plugin: the outcome as a run's note, and its reports as a tab, behind Airflow's login and permissions.

Reports hold text from outside and from models. They are served with a policy that lets no script run and nothing be
fetched, in a sandbox that has no part in Airflow's session. Who may read a DAG may read the reports of its own runs;
`reports` says which they are and that they are what was made.
"""

from __future__ import annotations

import html
from typing import Any

from airflow.api_fastapi.core_api.security import requires_access_dag
from airflow.plugins_manager import AirflowPlugin
from fastapi import Depends, FastAPI, HTTPException, Response

from pipeline.errors import LakeError, Refused
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


def _made(dag_id: str, run_id: str) -> tuple[Any, dict[str, Any]]:
    """Return the lake, and by stage what this run of this DAG made; ends the request when nothing vouches for it."""
    from pipeline.audit import open_audit
    from pipeline.lake import open_lake
    from pipeline.orchestration import reports, runs
    from pipeline.settings import load

    if not reports.is_run(dag_id, run_id):
        raise HTTPException(404, "Name one run of one DAG")
    settings = load()
    lake = open_lake(settings.lake)
    try:
        return lake, reports.made(lake, open_audit(settings, lake), runs.identity(dag_id, run_id))
    except (Refused, LakeError) as problem:
        raise HTTPException(409, str(problem)) from None


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
    rows = []
    for stage, made in _made(dag_id, run_id)[1].items():
        title, manifest = html.escape(STAGES.get(stage, stage)), made.manifest
        if manifest is None:
            rows.append(f"<tr><td>{title}<td colspan=5>Not shown: {html.escape(made.problem)}")
            continue
        report = manifest.outputs.get("report")
        linked = report is not None and any(file.path == FIRST for file in report.files)
        cell = f'<a href="{html.escape(stage)}/{FIRST}">{title}</a>' if linked else title
        note = "unchanged" if made.unchanged else f"{manifest.seconds:.1f} s"
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
    """Serve a file of a stage's report: only files that its manifest lists, and only as they were made."""
    from pipeline.orchestration import reports

    lake, made = _made(dag_id, run_id)
    found, kind = made.get(stage), KINDS.get(f".{path.rsplit('.', 1)[-1]}")
    if found is not None and found.manifest is None:
        raise HTTPException(409, f"The report of {stage} is not shown: {found.problem}")
    try:
        content = reports.content(lake, found.manifest, path) if found and kind else None
    except (Refused, LakeError) as problem:
        raise HTTPException(409, str(problem)) from None
    if content is None or kind is None:
        raise HTTPException(404, f"The run has no report {stage}/{path}")
    return _respond(content, kind)


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
