from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline.collect.retry_after import retry_after

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("1.5", 1.5),
        ("0", 0),
        ("-3", 0),
        ("Thu, 01 Jan 2026 12:00:30 GMT", 30),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0),
        ("Thursday, 01-Jan-26 12:00:10 GMT", 10),
        ("Thu, 01 Jan 2026 12:00:30 -0000", 30),
        ("Fri, 31 Dec 9999 23:59:59 GMT", pytest.approx(251635766399, rel=0.1)),
        ("99999999999999999999", 1e20),
        (None, None),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("1 minute", None),
        ("Thu, 99 Foo 2026", None),
    ],
)
def test_every_form(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds
