"""What models said, kept in the lake so that nothing is asked twice, and believed only if this pipeline wrote it.

Whoever can write to the lake could otherwise put good answers there for a bad model, between its training and its
evaluation, and neither evaluation nor compliance would ever ask it. So each file is named by a seal over its place and
content.
"""

from __future__ import annotations

import hmac
import json
from typing import Any

from pydantic import SecretStr

from pipeline.lake import Lake
from pipeline.log import get_logger
from pipeline.seals import Seal

log = get_logger(__name__)
SUFFIX = ".json"


class KeptAnswers:
    """Results by key below one prefix, which must name everything that decides them: model, decoding, code.

    Every call that had to work adds one immutable file; readers take all files, so concurrent writers cannot disturb
    each other. Deleting the prefix loses nothing but time.
    """

    def __init__(self, lake: Lake, prefix: str, key: SecretStr | None = None) -> None:
        """Seal with `key`, the signing key of the audit trail, if there is one."""
        self._lake = lake
        self._prefix = prefix
        self._seal = Seal("kept answers", key)

    def read(self) -> dict[str, dict[str, Any]]:
        """Return every kept result by its key; a file whose seal does not fit is left out, with a warning."""
        found: dict[str, dict[str, Any]] = {}
        for info in self._lake.objects(self._prefix):
            data = self._lake.read(info.uri)
            if not hmac.compare_digest(info.uri.rsplit("/", 1)[-1].encode(), self._name(data).encode()):
                log.warning("kept answers whose seal does not fit are left out; the model is asked again", at=info.uri)
                continue
            found |= json.loads(data)
        return found

    def add(self, results: dict[str, dict[str, Any]]) -> None:
        """Keep results, which are JSON."""
        data = json.dumps(results, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass")
        self._lake.write(f"{self._prefix}/{self._name(data)}", data)

    def _name(self, data: bytes) -> str:
        return self._seal.over(self._lake.key(self._prefix), data)[:48] + SUFFIX
