from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from collect_support import TicketSite


@pytest.fixture
def tickets() -> Iterator[TicketSite]:
    site = TicketSite()
    yield site
    site.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for input, beside the lake."""
    (tmp_path / "input").mkdir()
    return tmp_path / "input"
