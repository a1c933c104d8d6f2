"""Which base models may be brought into the lake: everything later is measured by them, so they are looked at first."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from pipeline.comply.policy import load_policy
from pipeline.errors import Refused
from pipeline.manifest import digest_of
from pipeline.settings import Settings
from pipeline.train.base_source import BaseSource, split_revision

LISTED = "licences.base_models of the policy"


def refuse_unlisted_revision(settings: Settings, source: BaseSource) -> None:
    """Refuse a named revision of a model that the policy lists, unless it lists it too, by this name or as a commit.

    Anybody can put a commit beside a repository's own branches (every proposed change is one), so the name alone says
    nothing about it. Nothing of it has been fetched by then. Raises Refused naming the line that would allow it.
    """
    name, revision = split_revision(settings.model.base)
    revision = revision or settings.model.revision
    if not revision or ":" in name or Path(name).expanduser().is_dir():
        return
    known = load_policy(settings.policy_file).licences
    listed = (known.of_base_model(one) for one in (f"{name}@{revision}", exact_name(settings, source)))
    if known.lists(name) and not any(listed):
        raise Refused(
            f"The policy knows {name}, and not its revision {revision[:80]}",
            where="model.base, model.revision or the run's base_model",
            remedy=f"Look at that revision, then add {name}@{revision[:80]} to {LISTED}; or name none",
        )


def refuse_hostile_files(settings: Settings, source: BaseSource, folder: Path) -> None:
    """Run the checks that look at files alone over a base model that was fetched and that nothing has loaded yet.

    Where the policy lists exactly these bytes (`name@` commit or digest), somebody has looked at what its makers wrote:
    then a default prompt or forced tokens of its own are no finding; code, damage and links stay one. Raises Refused
    naming every problem.
    """
    from pipeline.comply.probing import Prober
    from pipeline.comply.registry import all_checks
    from pipeline.comply.rows import Rows
    from pipeline.comply.runner import run_checks
    from pipeline.comply.subject import ModelFiles, Origin, Subject

    policy = load_policy(settings.policy_file)
    exact = exact_name(settings, source)
    files = ModelFiles(folder, source.reference)
    subject = Subject(
        policy=policy,
        sampling=settings.comply,
        today=datetime.now(UTC).date(),
        candidate=files,
        base=files if policy.licences.of_base_model(exact) else None,
        origin=Origin(source.reference, source.revision, settings.model.licence, "the settings"),
        rows=Rows(lambda: iter(()), "no rows"),
        root=settings.policy_file.parent,
        is_base=True,
    )
    checks = {slug: check for slug, check in all_checks().items() if check.before_loading}
    found = run_checks(subject, Prober(None, 1), checks=checks)
    problems = [f"{one.check.slug}: {one.result.summary}" for one in found if one.status == "failed"]
    if problems:
        raise Refused(
            f"The base model's files are not safe to use: {'; '.join(problems)}",
            where=source.reference,
            remedy="Choose another model or revision. What its makers wrote into prompts or fixed in answers is "
            f"accepted once {exact} is in {LISTED}",
        )


def admission(settings: Settings, source: BaseSource) -> dict[str, str | None]:
    """Return what of the policy decides whether a base model's files are accepted; a change means another look."""
    policy = load_policy(settings.policy_file)
    listed = policy.licences.of_base_model(exact_name(settings, source))
    return {"listed": listed, "checks": digest_of(policy.model_dump(mode="json")["checks"])[:16]}


def exact_name(settings: Settings, source: BaseSource) -> str:
    """Return the name under which the policy can list a base model's exact bytes: with its commit or digest."""
    return f"{split_revision(settings.model.base)[0]}@{source.revision}"
