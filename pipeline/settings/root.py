"""All settings in one object, where its file is, and what wins over what."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from pipeline.errors import SettingsError
from pipeline.settings import variables
from pipeline.settings.data import FeatureSettings, LakeSettings, PrepareSettings, SparkSettings
from pipeline.settings.made import MadeCredentials
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
from pipeline.settings.sources import CollectSettings

PROJECT_ROOT = Path(__file__).resolve().parent.parent.parent


class Settings(BaseSettings):
    """All settings of the pipeline. Read them with `load()`."""

    model_config = SettingsConfigDict(
        env_prefix=variables.PREFIX, env_nested_delimiter=variables.DELIMITER, extra="forbid"
    )

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
        if isinstance(env_settings, EnvSettingsSource):
            env_settings.env_vars = variables.stated(cls, env_settings.env_vars)
        file = config_file()
        read = TomlConfigSettingsSource(settings_cls, toml_file=file) if file is not None else None
        made = MadeCredentials(settings_cls, dotenv_settings, read)
        return (init_settings, env_settings, made, *((read,) if read else ()))


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
