"""Puts the sample table into the lake, where the sample configuration reads it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.lake import Lake
    from pipeline.settings import Settings

TABLE = Path(__file__).with_name("samples") / "support.parquet"
TABLE_KEY = "samples/support.parquet"


def load(settings: Settings, lake: Lake) -> list[str]:
    """Upload what is not there yet in the same size and content, and return the URIs that were written.

    An unchanged object is left alone, so that its tag, and with it the incremental collection, stays the same.
    """
    uri = lake.uri(TABLE_KEY)
    present = lake.read_tagged(uri)
    if present is not None and present[0] == TABLE.read_bytes():
        return []
    return [lake.upload(TABLE, uri)]
