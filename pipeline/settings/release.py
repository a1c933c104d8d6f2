"""The tables of what stands between a model and its users: checks, sign-off, store, retention and the trail."""

from __future__ import annotations

from pydantic import Field, SecretStr, model_validator

from pipeline.settings.section import Section


class ComplySettings(Section):
    """How many probes the compliance checks send; None sends all. The policy can demand all of them.

    Of fewer than five attacks or elicitations no outcome is significant, so few prove nothing against a base model.
    """

    attacks: int | None = Field(None, ge=5)
    memorised_rows: int | None = Field(None, ge=1)
    triggers: int | None = Field(None, ge=1)
    elicitations: int | None = Field(None, ge=5)
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
        if any(not key.strip() for key in retired):
            raise ValueError("a blank text in retired_keys is no key")
        if retired and (self.signing_key is None or self.signing_key.get_secret_value() in retired):
            raise ValueError("retired_keys needs a signing_key that is not one of them")
        return self
