"""Rollback by hand: an earlier version goes back to production, for a reason that is kept."""

from __future__ import annotations

from airflow.sdk import Param, dag, get_current_context, task

from pipeline.orchestration import assets, deadlines, groups, notify, restore, triggered


@dag(
    schedule=None,
    catchup=False,
    max_active_runs=1,
    deadline=deadlines.ends_within(0.5),
    default_args=groups.defaults(),
    tags=["llmops", "manual"],
    params={
        "version": Param(
            "previous",
            type="string",
            pattern=r"^(previous|v[1-9][0-9]{0,6})$",
            title="Version",
            description="`previous`: the newest fit one before the present one; or a version such as `v3`.",
        ),
        "reason": Param(
            type="string",
            minLength=10,
            maxLength=500,
            title="Reason",
            description="Why. Goes into the audit trail and the notice.",
        ),
    },
    doc_md="""
### Roll back

Makes an earlier version the production one: every file of it is pulled and compared with its release record first, then
the alias moves in one conditional commit, the audit trail receives who, when and why, and the operators a mail. The
same as `llmops models rollback`. A version that the audit trail does not know, or that learned from erased data, is
refused.
""",
)
def llm_rollback() -> None:
    """Record the start, roll back, tell people."""

    @task(
        outlets=[assets.changes_of(assets.PRODUCTION)],
        doc_md="Verify the version, move the alias, record who and why.",
    )
    def roll_back() -> dict[str, str]:
        context = get_current_context()
        params = context["params"]
        done = restore.by_hand(triggered.run_id(), triggered.actor(), params["version"], params["reason"])
        assets.announce(context, assets.PRODUCTION, version=done["version"])
        return done

    @task(doc_md="Tell the operators what is in production now.")
    def announce(done: dict[str, str]) -> None:
        notify.outcome(get_current_context(), f"rolled back to {done['version']}", done["text"])

    done = roll_back()
    groups.start() >> done
    announce(done)


llm_rollback()
