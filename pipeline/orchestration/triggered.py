"""What a task asks about the run that it belongs to: who started it, when, and with which parameters.

For the bodies of tasks only: while a DAG file is read there is no run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import get_current_context

from pipeline.comply.policy import load_policy
from pipeline.orchestration import runs
from pipeline.review.signoff import UNKNOWN
from pipeline.settings import current


def overrides() -> dict[str, Any]:
    """Return the settings that this run was triggered with, in the settings' own shape."""
    params: Mapping[str, Any] = get_current_context()["params"]
    wanted: dict[str, dict[str, Any]] = {"model": {}, "train": {}, "tune": {}}
    if params.get("base_model"):
        from pipeline.records import UNKNOWN_LICENCE
        from pipeline.train.base_source import split_revision

        name, revision = split_revision(params["base_model"])
        known = load_policy(current().policy_file).licences.of_base_model(params["base_model"])
        # the revision always: the settings' own is that of another model
        wanted["model"] |= {"base": name, "revision": revision, "licence": known or UNKNOWN_LICENCE}
    if params.get("method"):
        wanted["train"]["method"] = params["method"]
    if params.get("trials"):
        wanted["tune"]["trials"] = params["trials"]
    return {section: values for section, values in wanted.items() if values}


def run_id() -> str:
    """Return what lake and audit trail call the run."""
    return runs.of_context(get_current_context())


def reason() -> str:
    """Return why the run was started: what whoever triggered it says, else what kind of run it is."""
    context = get_current_context()
    kind = context["dag_run"].run_type
    return str(context["params"].get("reason") or getattr(kind, "value", kind))  # str() of it would be its class's name


def by_hand() -> bool:
    """Tell whether a person started the run (from the UI, the command line or as a back-fill)."""
    return get_current_context()["dag_run"].run_type not in ("scheduled", "asset_triggered")


def actor() -> str:
    """Return who triggered the run.

    Who triggered a run cannot approve it, so "nobody knows" must not look like "nobody did".
    """
    run = get_current_context()["dag_run"]
    return getattr(run, "triggering_user_name", None) or (UNKNOWN if by_hand() else "scheduler")


def interval() -> list[str]:
    """Return begin and end of the run's data interval, empty for a run that has none."""
    context = get_current_context()
    found = (context.get("data_interval_start"), context.get("data_interval_end"))
    return [moment.isoformat() for moment in found if moment is not None]
