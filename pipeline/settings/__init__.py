"""The one settings object: a commented `llmops.toml`, overridden by `LLMOPS_…` environment variables.

Secrets are never in the file: they come from the environment, from `.llmops/credentials.env` (made by the embedded
services for themselves, readable by its owner only), or from Airflow connections.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from pipeline.errors import SettingsError
from pipeline.settings.data import FeatureSettings, LakeSettings, PrepareSettings, PrivacySettings, SparkSettings
from pipeline.settings.models import (
    EvaluateSettings,
    ModelSettings,
    PretrainSettings,
    SelectSettings,
    TrainSettings,
    TuneSettings,
)
from pipeline.settings.release import AuditSettings, ComplySettings, PublishSettings, RetentionSettings, ReviewSettings
from pipeline.settings.services import AirflowSettings, LineageSettings, LocalSettings, MailSettings, NoticeSettings
from pipeline.settings.sources import (
    AnySource,
    CollectSettings,
    JiraSourceSettings,
    SelectorSettings,
    SourceSettings,
    TableSourceSettings,
    WebSourceSettings,
)

__all__ = [
    "PROJECT_ROOT",
    "AirflowSettings",
    "AnySource",
    "AuditSettings",
    "CollectSettings",
    "ComplySettings",
    "EvaluateSettings",
    "FeatureSettings",
    "JiraSourceSettings",
    "LakeSettings",
    "LineageSettings",
    "LocalSettings",
    "MailSettings",
    "ModelSettings",
    "NoticeSettings",
    "PrepareSettings",
    "PretrainSettings",
    "PrivacySettings",
    "PublishSettings",
    "RetentionSettings",
    "ReviewSettings",
    "SelectSettings",
    "SelectorSettings",
    "Settings",
    "SourceSettings",
    "SparkSettings",
    "TableSourceSettings",
    "TrainSettings",
    "TuneSettings",
    "WebSourceSettings",
    "config_file",
    "current",
    "load",
]

PROJECT_ROOT = Path(__file__).resolve().parent.parent.parent


class Settings(BaseSettings):
    """All settings of the pipeline. Read them with `load()`."""

    model_config = SettingsConfigDict(env_prefix="LLMOPS_", env_nested_delimiter="__", extra="forbid")

    state_dir: Path = Path(".llmops")
    policy_file: Path = Path("policy.yaml")
    lake: LakeSettings = LakeSettings()
    collect: CollectSettings = CollectSettings()
    spark: SparkSettings = SparkSettings()
    prepare: PrepareSettings = PrepareSettings()
    features: FeatureSettings = FeatureSettings()
    model: ModelSettings = ModelSettings()
    select: SelectSettings = SelectSettings()
    pretrain: PretrainSettings = PretrainSettings()
    train: TrainSettings = TrainSettings()
    tune: TuneSettings = TuneSettings()
    evaluate: EvaluateSettings = EvaluateSettings()
    comply: ComplySettings = ComplySettings()
    review: ReviewSettings = ReviewSettings()
    publish: PublishSettings = PublishSettings()
    retention: RetentionSettings = RetentionSettings()
    audit: AuditSettings = AuditSettings()
    mail: MailSettings = MailSettings()
    notices: NoticeSettings = NoticeSettings()
    lineage: LineageSettings = LineageSettings()
    airflow: AirflowSettings = AirflowSettings()
    local: LocalSettings = LocalSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, the environment over made credentials, those over the file."""
        file = config_file()
        sources = [init_settings, env_settings, dotenv_settings]
        if file is not None:
            sources.append(TomlConfigSettingsSource(settings_cls, toml_file=file))
        return tuple(sources)


def config_file() -> Path | None:
    """Return the settings file: `LLMOPS_CONFIG`, else `llmops.toml` in the working folder or the project."""
    named = os.environ.get("LLMOPS_CONFIG")
    if named:
        path = Path(named)
        if not path.is_file():
            raise SettingsError(
                "The settings file does not exist", where=named, remedy="Correct LLMOPS_CONFIG or unset it"
            )
        return path
    for folder in (Path.cwd(), PROJECT_ROOT):
        if (folder / "llmops.toml").is_file():
            return folder / "llmops.toml"
    return None


def load(**overrides: Any) -> Settings:
    """Read the settings, refuse what is wrong in words, and make relative paths absolute.

    Raises SettingsError naming each wrong key, where it came from and what is allowed.
    """
    file = config_file()
    base = file.resolve().parent if file else Path.cwd()
    credentials = base / os.environ.get("LLMOPS_STATE_DIR", ".llmops") / "credentials.env"
    try:
        settings = Settings(_env_file=None, **overrides)
        if settings.local.enabled and credentials.is_file():
            settings = Settings(_env_file=credentials, **overrides)
    except ValidationError as problem:
        lines = [f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}" for error in problem.errors()]
        raise SettingsError(
            "The settings are not valid: " + "; ".join(lines),
            where=str(file or "environment"),
            remedy="Correct these keys; the sample llmops.toml explains each",
        ) from None
    except ValueError as problem:
        raise SettingsError(f"The settings file cannot be read: {problem}", where=str(file)) from None
    settings.state_dir = (base / settings.state_dir).resolve()
    settings.policy_file = (base / settings.policy_file).resolve()
    return settings


@lru_cache(maxsize=1)
def current() -> Settings:
    """Return the settings of this process, read once."""
    return load()
