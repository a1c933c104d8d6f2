"""Signed addresses and sessions: what the store handed out itself, and nobody else can make."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from pathlib import Path

from pipeline.local.hub import errors
from pipeline.whole_file import replacing


class Signer:
    """Signs short texts with a key that never leaves the store's folder."""

    def __init__(self, key: bytes) -> None:
        """Use this key."""
        self._key = key

    @classmethod
    def open(cls, path: Path) -> Signer:
        """Read the key from a file, or make one that only its owner can read."""
        if not path.exists():
            with replacing(path) as partial:  # half a key would sign for ever
                partial.write_bytes(secrets.token_bytes(32))
        return cls(path.read_bytes())

    def _signature(self, text: str, expires: int) -> str:
        return hmac.new(self._key, f"{expires}\n{text}".encode(), hashlib.sha256).hexdigest()

    def query(self, text: str, lifetime: int) -> str:
        """Return the query string that makes an address for `text` valid for `lifetime` seconds."""
        expires = int(time.time()) + lifetime
        return f"expires={expires}&signature={self._signature(text, expires)}"

    def check(self, text: str, expires: str, signature: str) -> None:
        """Raise HubError 403 unless the query parameters were made by `query` for this text and are still good."""
        moment = int(expires) if expires.isdecimal() else 0
        if moment < time.time() or not hmac.compare_digest(self._signature(text, moment), signature):
            raise errors.forbidden("This upload address is not valid or has expired; ask for a new one")

    def seal(self, text: str, lifetime: int) -> str:
        """Return a cookie value that carries `text` for `lifetime` seconds."""
        expires = int(time.time()) + lifetime
        body = base64.urlsafe_b64encode(text.encode()).decode()
        return f"{body}.{expires}.{self._signature(f'seal:{text}', expires)}"

    def unseal(self, value: str) -> str | None:
        """Return the text of a cookie value, None when it is not ours or too old."""
        body, _, rest = value.partition(".")
        expires, _, signature = rest.partition(".")
        try:
            text = base64.urlsafe_b64decode(body).decode()
            self.check(f"seal:{text}", expires, signature)
        except (ValueError, TypeError, errors.HubError):
            return None
        return text
