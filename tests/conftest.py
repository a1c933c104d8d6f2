from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.lake import Lake, open_lake
from pipeline.settings import LakeSettings


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake in a folder of the test's own."""
    return open_lake(LakeSettings(uri=str(tmp_path / "lake")))
