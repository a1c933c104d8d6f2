"""What every table of the settings file has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of the settings file; a key that nobody reads is a mistake and is refused."""

    model_config = ConfigDict(extra="forbid")
