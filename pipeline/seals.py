"""Seals over what the pipeline keeps in the lake for itself: whoever can write to the lake cannot make one.

What a run believes without asking again (answers that were given before, checkpoints, trials that ended) would
otherwise be a way to put another model, or another model's results, between two stages. A seal is an HMAC-SHA256 over
place and content, with a key derived from the audit trail's. Without a key it is a digest, which finds damage and no
forgery; `sign_off.require_signature` keeps such a model from being published.
"""

from __future__ import annotations

import hashlib
import hmac

from pydantic import SecretStr


class Seal:
    """Makes and checks the seals of one purpose: those of another one do not fit."""

    def __init__(self, purpose: str, key: SecretStr | None = None) -> None:
        """Use `key`, the signing key of the audit trail, if there is one."""
        self._secret = (
            hmac.new(key.get_secret_value().encode(), f"llmops {purpose}".encode(), "sha256").digest() if key else None
        )

    def over(self, place: str, data: bytes) -> str:
        """Return the seal of some bytes at a place, as 64 hexadecimal digits."""
        sealed = place.encode() + b"\0" + data
        made = hmac.new(self._secret, sealed, "sha256") if self._secret else hashlib.sha256(sealed)
        return made.hexdigest()

    def fits(self, seal: object, place: str, data: bytes) -> bool:
        """Tell whether this is the seal of these bytes at this place."""
        return hmac.compare_digest(str(seal).encode(), self.over(place, data).encode())
