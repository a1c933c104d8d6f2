"""The task groups that DAGs share, named like the stages from collection to publication.

Every function here is called while a DAG file is read, so nothing heavy is imported outside a task's own body.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import TaskGroup, get_current_context, task, task_group
from airflow.sdk.definitions.deadline import DeadlineAlert

from pipeline.comply.policy import load_policy
from pipeline.orchestration import assets, deadlines, notify, outcome, tasks, triggered
from pipeline.review.operator import ReviewOperator
from pipeline.settings import current

GPU_POOL = "gpu"
OWNER = "ml-platform"
WORK_HOURS = 8.0
"""Within this long after the last answer of a reviewer a run has to be over."""


def defaults() -> dict[str, Any]:
    """Return what holds for every task: three retries from a minute on, doubled each time, and mail about both."""
    return {
        "owner": OWNER,
        "retries": 3,
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=30),
        "execution_timeout": timedelta(hours=current().airflow.task_hours),
        "on_failure_callback": [notify.on_failure(), notify.slack_failure],
        "on_retry_callback": [notify.on_retry()],
    }


def deadline() -> DeadlineAlert:
    """Return until when a run that people sign off has to be over: their time to answer, and the work."""
    return deadlines.ends_within(current().review.timeout_hours + WORK_HOURS)


def on_gpu() -> dict[str, Any]:
    """Return where training and generation run, one at a time per slot of the pool, and how long at most."""
    chosen = current().airflow
    return {
        "pool": GPU_POOL,
        "queue": chosen.gpu_queue,
        "execution_timeout": timedelta(hours=chosen.gpu_task_hours),
    }


@task(retries=1)
def start() -> None:
    """Record in the audit trail who started the run, why, and for which interval."""
    context = get_current_context()
    tasks.start(
        triggered.run_id(),
        context["dag"].dag_id,
        triggered.actor(),
        triggered.reason(),
        triggered.overrides(),
        triggered.interval(),
        context["params"].get("data_snapshot"),
    )


def collect_group(begun: Any) -> Any:
    """Collect every enabled source, each by a task of its own, and unify them; returns the repository's manifest."""
    with TaskGroup("collect", tooltip="Sources land raw in S3 and become question/answer rows"):
        collected = []
        for source in (source for source in current().collect.sources if source.enabled):

            @task(task_id=source.name.replace("-", "_"), doc_md=f"Collect the {source.kind} source **{source.name}**.")
            def collect_one(name: str) -> str:
                return tasks.collect(triggered.run_id(), name)

            one = collect_one(source.name)
            begun >> one
            collected.append(one)

        @task(doc_md="Bring all sources into one repository of rows with stable ids.")
        def unify(manifests: list[str]) -> str:
            return tasks.unify(triggered.run_id(), manifests)

        return unify(collected)


@task(doc_md="Clean, protect personal data, de-duplicate, check and split the rows on Spark.")
def prepare(repository: str) -> str:
    """Prepare the repository's rows."""
    return tasks.prepare(triggered.run_id(), repository)


@task_group(tooltip="Base model, features, fine-tuning, tuning: ends with the candidate")
def develop(prepared: str) -> dict[str, Any]:
    """Make the candidate model; returns the manifests of base model, features and candidate."""

    @task(doc_md="Bring the foundation model into the lake: safetensors only, its licence recorded.")
    def base_model() -> str:
        return tasks.base_model(triggered.run_id(), triggered.overrides())

    @task(
        outlets=[assets.changes_of(assets.HELD_OUT)],
        doc_md="Tokenise on Spark with the model's own tokenizer; register and materialise in Feast.",
    )
    def features(prepared: str, base: str) -> str:
        made = tasks.features(triggered.run_id(), triggered.overrides(), prepared, base)
        if tasks.rows_are_new(triggered.run_id()):
            assets.announce(get_current_context(), assets.HELD_OUT, features=made)
        return made

    @task(**on_gpu(), doc_md="Pre-train all weights further on the texts of the training split.")
    def pretrain(base: str, prepared: str) -> str:
        return tasks.pretrain(triggered.run_id(), triggered.overrides(), base, prepared)

    @task(**on_gpu(), doc_md="Fine-tune with the configured hyperparameters; resumes where a killed task was.")
    def train(base: str, features: str) -> str:
        return tasks.train(triggered.run_id(), triggered.overrides(), base, features)

    @task(**on_gpu(), doc_md="Search hyperparameters with Hyperopt; the best trial's model is the candidate.")
    def tune(base: str, features: str, trained: str) -> str:
        return tasks.tune(triggered.run_id(), triggered.overrides(), base, features, trained)

    base = base_model()
    made = features(prepared, base)  # the same for both: pre-training keeps the tokenizer
    start_from = pretrain(base, prepared) if current().pretrain.enabled else base
    return {"base": base, "features": made, "candidate": tune(start_from, made, train(start_from, made))}


@task.short_circuit(
    ignore_downstream_trigger_rules=False,
    doc_md="Go on only if the candidate differs from the model in production.",
)
def is_new(candidate: str) -> bool:
    """Stop early when nothing changed."""
    return tasks.is_new(triggered.run_id(), candidate)


@task_group(tooltip="Measure, check, and let the gate decide")
def assess(made: dict[str, Any], prepared: str, repository: str) -> dict[str, Any]:
    """Evaluate and check the candidate; the gate stops the run when the verdict is not a pass."""

    @task(**on_gpu(), doc_md="Measure the candidate on held-out questions against base model and champion.")
    def evaluate(candidate: str, base: str, prepared: str, features: str) -> str:
        return tasks.evaluate(triggered.run_id(), triggered.overrides(), candidate, base, prepared, features)

    @task(**on_gpu(), doc_md="Check the OWASP risks, licences, privacy and policy.")
    def comply(candidate: str, base: str, prepared: str, features: str, evaluation: str, repository: str) -> str:
        return tasks.comply(
            triggered.run_id(), triggered.overrides(), candidate, base, prepared, features, evaluation, repository
        )

    @task(doc_md="Join everything into one verdict. Fails closed; a refusal is not tried again.")
    def gate(candidate: str, evaluation: str, compliance: str) -> None:
        tasks.gate(triggered.run_id(), candidate, evaluation, compliance)

    evaluation = evaluate(made["candidate"], made["base"], prepared, made["features"])
    compliance = comply(made["candidate"], made["base"], prepared, made["features"], evaluation, repository)
    decided = gate(made["candidate"], evaluation, compliance)
    return {"evaluation": evaluation, "compliance": compliance, "gate": decided}


def review_group(made: dict[str, Any], assessed: dict[str, Any]) -> Any:
    """Ask the reviewers of each role; returns the task that decides from the audit trail what their answers mean."""
    settings = current()
    policy = load_policy(settings.policy_file)
    candidate = made["candidate"]
    with TaskGroup("review", tooltip="People sign off exactly these bytes; silence is a rejection"):

        @task(doc_md="Decide from the audit trail. Nothing in Airflow's database stands in for an approval.")
        def sign_off(candidate: str, evaluation: str, compliance: str) -> None:
            tasks.sign_off(triggered.run_id(), candidate, evaluation, compliance)

        decision = sign_off(candidate, assessed["evaluation"], assessed["compliance"])
        for rule in policy.sign_off_rules():
            for number in range(rule.approvals):
                suffix = f"_{number + 1}" if rule.approvals > 1 else ""
                review = ReviewOperator(
                    task_id=f"{rule.role}_review{suffix}",
                    role=rule.role,
                    reviewers=sorted(rule.reviewers),
                    candidate=candidate,
                    evaluation=assessed["evaluation"],
                    compliance=assessed["compliance"],
                    timeout_hours=settings.review.timeout_hours,
                    doc_md=f"Waits for a **{rule.role}** reviewer. A rejection needs a reason; silence is a rejection.",
                )
                assessed["gate"] >> review >> decision
    return decision


@task_group(tooltip="One commit, verified, tagged, then made production")
def publish(made: dict[str, Any], assessed: dict[str, Any], prepared: str) -> Any:
    """Release the candidate to the model store."""

    @task(
        **on_gpu(),  # where the answers that it compares with were given
        outlets=[assets.changes_of(assets.PRODUCTION)],
        doc_md="Commit, pull back, compare every hash, ask the reference questions, tag, move the alias.",
    )
    def release(candidate: str, base: str, prepared: str, evaluation: str, compliance: str) -> str:
        made = tasks.publish(triggered.run_id(), candidate, base, prepared, evaluation, compliance)
        assets.announce(get_current_context(), assets.PRODUCTION, release=made)
        return made

    return release(made["candidate"], made["base"], prepared, assessed["evaluation"], assessed["compliance"])


@task(trigger_rule="all_done", retries=1, doc_md="Say how the run ended: in the audit trail, by mail and by its state.")
def finish() -> dict[str, Any]:
    """Conclude the run."""
    return outcome.conclude(get_current_context())


def from_repository(begun: Any, repository: Any) -> None:
    """Chain everything from the repository of rows to the published model."""
    prepared = prepare(repository)
    made = develop(prepared)
    begun >> made["base"]
    new = is_new(made["candidate"])
    assessed = assess(made, prepared, repository)
    new >> [assessed["evaluation"]]
    decision = review_group(made, assessed)
    released = publish(made, assessed, prepared)
    decision >> released
    # Not behind `new` itself: what a short circuit skips is skipped whatever its trigger rule says.
    [begun, repository, prepared, decision, released] >> finish()
