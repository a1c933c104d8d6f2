"""What every table of the settings file has in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, SecretStr, field_validator


class Section(BaseModel):
    """A table of the settings file; a key that nobody reads is a mistake and is refused."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="after")
    @classmethod
    def _stated(cls, value: Any) -> Any:
        """Take a blank secret for one that is not set: everybody knows it, so it neither signs nor hides anything."""
        return None if isinstance(value, SecretStr) and not value.get_secret_value().strip() else value
