"""The credentials that a laptop's embedded services made for themselves, as a source of settings."""

from __future__ import annotations

from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

ENDPOINTS = {"lake": "endpoint_url", "publish": "endpoint"}
"""The tables of the embedded services, and the key of each that says where its service is."""


class MadeCredentials(PydanticBaseSettingsSource):
    """What `llmops up` made, without that of a service for which file or environment names another.

    The keys of the embedded object store are of no use elsewhere, and the token of the embedded model store must not
    be shown to another one.
    """

    def __init__(
        self,
        settings_cls: type[BaseSettings],
        made: PydanticBaseSettingsSource,
        file: PydanticBaseSettingsSource | None,
    ) -> None:
        """Take the source that reads the made credentials, and the settings file, if there is one."""
        super().__init__(settings_cls)
        self._made, self._file = made, file

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return nothing: all values are given at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return the made values that hold."""
        made = self._made()
        file = self._file() if made and self._file else {}
        for table, key in ENDPOINTS.items():
            named = _named(self.current_state, table, key)
            if named is None:
                named = _named(file, table, key)
            if table in made and named not in (None, made[table].get(key)):
                del made[table]
        return made


def _named(values: dict[str, Any], table: str, key: str) -> Any:
    """Return an endpoint that a source names; a table may be an object of its own class, as tests give it."""
    found = values.get(table)
    return found.get(key) if isinstance(found, dict) else getattr(found, key, None)
