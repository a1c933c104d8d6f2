"""The tables of the lake, of Spark and of what is made of rows before a model learns from them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, SecretStr, model_validator

from pipeline.refusal_texts import BUILT_IN, ENGLISH, RefusalTexts, checked
from pipeline.settings.section import Section


class LakeSettings(Section):
    """Where every dataset, manifest, model and audit record lives."""

    uri: str = "s3://llmops"
    endpoint_url: str | None = None
    region: str = "us-east-1"
    access_key: SecretStr | None = None
    secret_key: SecretStr | None = None


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
    refusal_text: str = Field(ENGLISH, min_length=1)
    refusal_texts: dict[str, str] | None = None
    split: tuple[float, float, float] = (0.8, 0.1, 0.1)
    max_set_aside_share: float = Field(0.5, ge=0, le=1)
    min_rows: int = 20
    limits: dict[str, float] = {}
    privacy: PrivacySettings = PrivacySettings()

    @model_validator(mode="after")
    def _spoken(self) -> PrepareSettings:
        checked(self.refusal_texts or {})
        return self

    def refusals(self) -> RefusalTexts:
        """Return the sentences of refusals; a wording of one's own without translations is meant for all languages."""
        translated = BUILT_IN if self.refusal_texts is None and self.refusal_text == ENGLISH else self.refusal_texts
        return RefusalTexts(self.refusal_text, dict(translated or {}))


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
