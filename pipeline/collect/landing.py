"""Raw payloads in the lake: `raw/<source>/<run>/<name>` with `<name>.meta.json` beside each."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pipeline.collect.source import Landing
from pipeline.lake import Lake
from pipeline.scrubbing import SECRET_NAME

MAX_NAME = 150
REMOVED = "(removed)"


class LakeLanding(Landing):
    """Lands payloads of one source and run in the lake."""

    def __init__(self, lake: Lake, source: str, run_id: str) -> None:
        """Make the landing place `raw/<source>/<run>`."""
        self._lake = lake
        self.prefix = lake.uri("raw", safe_name(source), safe_name(run_id))

    def land(self, name: str, body: bytes, metadata: Mapping[str, Any]) -> str:
        """Keep a payload unchanged; its metadata is stripped of secrets and gains the payload's SHA-256 and size."""
        uri = self._lake.write(f"{self.prefix}/{safe_name(name)}", body)
        self._describe(uri, metadata, hashlib.sha256(body).hexdigest(), len(body))
        return uri

    def land_file(self, name: str, file: Path, metadata: Mapping[str, Any]) -> str:
        """Keep a file unchanged without holding it in memory."""
        uri = self._lake.upload(file, f"{self.prefix}/{safe_name(name)}")
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        self._describe(uri, metadata, digest, file.stat().st_size)
        return uri

    def _describe(self, uri: str, metadata: Mapping[str, Any], digest: str, size: int) -> None:
        described = {**without_secrets(metadata), "sha256": digest, "bytes": size}
        text = json.dumps(described, sort_keys=True, ensure_ascii=False, indent=1, default=str)
        self._lake.write(f"{uri}.meta.json", text.encode("utf-8", "replace"))


class NoLanding(Landing):
    """For one-off collections into a file: payloads are not kept."""

    def land(self, name: str, body: bytes, metadata: Mapping[str, Any]) -> str:
        """Keep nothing."""
        return ""

    def land_file(self, name: str, file: Path, metadata: Mapping[str, Any]) -> str:
        """Keep nothing."""
        return ""


def safe_name(name: str) -> str:
    """Return a name that is safe as an object key and unique for its input, with its folders kept.

    Characters outside letters, digits and `._-=` become `_`; a name that had to change or is long ends in a digest,
    so that two different names never meet.
    """
    parts = [re.sub(r"[^A-Za-z0-9._=-]", "_", part) for part in name.split("/")]
    kept = "/".join(part if part.strip(".") else "_" for part in parts if part)
    if kept and kept == name and len(kept) <= MAX_NAME:
        return kept
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    stem, dot, extension = kept.rpartition(".")
    if not dot or len(extension) > 8 or "/" in extension:
        stem, extension = kept, ""
    return f"{stem[: MAX_NAME - 24].rstrip('/')}-{digest}" + (f".{extension}" if extension else "")


def without_secrets(value: Any, name: str = "") -> Any:
    """Return metadata with the values of secret-looking names replaced, in nested mappings and in URLs alike."""
    if SECRET_NAME.search(name):
        return REMOVED
    if isinstance(value, Mapping):
        return {str(key): without_secrets(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_secrets(item) for item in value]
    if isinstance(value, str) and "://" in value:
        return _url_without_secrets(value)
    return value


def _url_without_secrets(url: str) -> str:
    try:
        parts = urlsplit(url)
        query = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return url
    host = parts.netloc.rpartition("@")[2]
    if any(SECRET_NAME.search(name) for name, _ in query):
        cleaned = urlencode([(name, REMOVED if SECRET_NAME.search(name) else value) for name, value in query])
        parts = parts._replace(query=cleaned)
    return urlunsplit(parts._replace(netloc=host))
