"""The one settings object: a commented `llmops.toml`, overridden by `LLMOPS_…` environment variables.

Secrets are never in the file: they come from the environment, or from `credentials.env` in the state folder (made by
the embedded services for themselves, readable by its owner only). Jira's and the mail server's may be Airflow
connections instead.
"""

from __future__ import annotations

from pipeline.settings.data import FeatureSettings, LakeSettings, PrepareSettings, PrivacySettings, SparkSettings
from pipeline.settings.loading import current, load
from pipeline.settings.models import (
    EvaluateSettings,
    ModelSettings,
    PretrainSettings,
    SelectSettings,
    TrainSettings,
    TuneSettings,
)
from pipeline.settings.release import AuditSettings, ComplySettings, PublishSettings, RetentionSettings, ReviewSettings
from pipeline.settings.root import PROJECT_ROOT, Settings, config_file
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
