from __future__ import annotations

from pathlib import Path

import pytest
from review.court import Court, settings_in


@pytest.fixture
def court(tmp_path: Path) -> Court:
    """A run with signed trail, policy and lake in a folder of the test's own."""
    return Court(settings_in(tmp_path))
