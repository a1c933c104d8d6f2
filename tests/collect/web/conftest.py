from __future__ import annotations

from collections.abc import Iterator

import pytest
from web_support import QUICK, Site

from pipeline.collect.web.fetch import Fetcher


@pytest.fixture
def site() -> Iterator[Site]:
    served = Site()
    yield served
    served.close()


@pytest.fixture
def fetcher() -> Iterator[Fetcher]:
    with Fetcher(
        "tester/1.0 (+mailto:ops@example.com)", allow_private=True, requests_per_second=1e4, limits=QUICK
    ) as it:
        yield it
