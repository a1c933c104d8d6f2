"""Checks of what people write: settings, policy, governance, secrets."""

from __future__ import annotations

import os
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


def sources(settings: Settings) -> Iterator[Result]:
    """Compare the sources with the register: the gate refuses a model that learned from one it does not know."""
    from pipeline.comply import governance
    from pipeline.comply.checks.data_source_register import DataSourceRegister
    from pipeline.comply.policy import load_policy

    enabled = [source for source in settings.collect.sources if source.enabled]
    try:
        register = governance.load(settings.policy_file.parent).sources
        action = load_policy(settings.policy_file).check(DataSourceRegister.slug).on_failure
    except SettingsError:  # `policy` says what is wrong there
        return
    problems = []
    for source in enabled:
        known = register.source(source.name)
        if known is None:
            problems.append(f"{source.name} is not registered")
        elif known.licence != source.licence:
            problems.append(f"{source.name} is {source.licence} in the settings, {known.licence} in the register")
    if problems:
        remedy = "Enter each source with the same licence in governance/data_sources.yaml, or the gate refuses its rows"
        yield (warning if action == "warn" else failed)("sources", "; ".join(problems), remedy)
    elif enabled:
        yield ok("sources", f"all {len(enabled)} are registered under the same licence")


def secrets(settings: Settings) -> Iterator[Result]:
    """Name the secrets that a deployment should have and this one lacks, and what comes of it."""
    privacy = settings.prepare.privacy
    missing = {
        "LLMOPS_AUDIT__SIGNING_KEY": settings.audit.signing_key is None,
        "LLMOPS_PUBLISH__TOKEN": settings.publish.token is None and not os.environ.get("HF_TOKEN"),
        "LLMOPS_PREPARE__PRIVACY__PSEUDONYM_KEY": privacy.mode != "tag" and privacy.pseudonym_key is None,
    }
    lacking = [name for name, away in missing.items() if away]
    if not lacking:
        yield ok("secrets", "audit key and store token are set")
        return
    found, refused = _consequences(settings)
    text = "; ".join([f"not set: {', '.join(lacking)}", *found])
    if settings.local.enabled:
        yield warning("secrets", text, "llmops up makes them")
    else:
        remedy = "Put them into the environment (openssl rand -hex 32); a blank one counts as not set"
        yield (failed if refused else warning)("secrets", text, remedy)


def _consequences(settings: Settings) -> tuple[list[str], bool]:
    """Return what comes of the secrets that are missing, and whether something is refused for that."""
    from pipeline.comply.policy import load_policy

    found, refused = [], False
    if settings.audit.signing_key is None:
        try:
            refused = load_policy(settings.policy_file).sign_off.require_signature
        except SettingsError:  # `policy` says what is wrong there
            refused = True
        unsigned = "the audit trail is not signed: whoever writes to the lake can write approvals"
        found.append(f"{unsigned}, so the gate refuses every model" if refused else unsigned)
    privacy = settings.prepare.privacy
    if privacy.mode != "tag" and privacy.pseudonym_key is None:
        found.append(f"prepare.privacy.mode = {privacy.mode} refuses to work")
        refused = True
    return found, refused
