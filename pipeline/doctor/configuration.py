"""Checks of what people write: settings, policy, governance, secrets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from pipeline.doctor.result import Result, failed, ok, warning
from pipeline.errors import SettingsError
from pipeline.settings import Settings, config_file


def settings_file(settings: Settings) -> Iterator[Result]:
    """Say which settings hold; that they are valid was seen when they were read."""
    yield ok("settings", f"{config_file() or 'defaults and environment'} is valid; state in {settings.state_dir}")
    if not settings.collect.sources:
        yield warning("settings", "no source is configured", "Add one under [[collect.sources]]")


def policy(settings: Settings) -> Iterator[Result]:
    """Read the policy and the governance records."""
    from pipeline.comply import governance
    from pipeline.comply.policy import load_policy

    try:
        read = load_policy(settings.policy_file)
        records = governance.load(settings.policy_file.parent)
    except SettingsError as problem:
        yield failed("policy", problem.what, problem.remedy or f"Correct {problem.where}")
        return
    waiting = list(records.problems(datetime.now(UTC).date()))
    if waiting:
        yield warning("policy", "; ".join(waiting), "Bring the records in governance/ up to date")
    else:
        yield ok("policy", f"valid; reviewers: {', '.join(sorted(read.reviewers()))}")


def secrets(settings: Settings) -> Iterator[Result]:
    """Name the secrets that a deployment should have and this one lacks."""
    missing = {
        "LLMOPS_AUDIT__SIGNING_KEY": settings.audit.signing_key is None,
        "LLMOPS_PUBLISH__TOKEN": settings.publish.token is None,
        "LLMOPS_PREPARE__PRIVACY__PSEUDONYM_KEY": (
            settings.prepare.privacy.mode == "pseudonym" and settings.prepare.privacy.pseudonym_key is None
        ),
    }
    lacking = [name for name, away in missing.items() if away]
    if lacking:
        remedy = "llmops up makes them on a laptop; elsewhere put them into the environment (openssl rand -hex 32)"
        yield warning("secrets", f"not set: {', '.join(lacking)}", remedy)
    else:
        yield ok("secrets", "audit key and store token are set")
