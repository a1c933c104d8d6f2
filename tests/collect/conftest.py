from __future__ import annotations

from collections.abc import Iterator

import pytest
from collect_support import TicketSite


@pytest.fixture
def tickets() -> Iterator[TicketSite]:
    site = TicketSite()
    yield site
    site.close()
