from __future__ import annotations

import pytest

from pipeline.orchestration.outcome import result_of

DONE = {"start": "success", "is_new": "success", "assess.gate": "success", "review.sign_off": "success"}


@pytest.mark.parametrize(
    ("states", "result"),
    [
        ({**DONE, "publish.release": "success"}, "published"),
        (
            {"start": "success", "is_new": "success", "assess.gate": "skipped", "publish.release": "skipped"},
            "unchanged",
        ),
        ({**DONE, "assess.gate": "failed", "publish.release": "upstream_failed"}, "refused"),
        ({**DONE, "review.sign_off": "failed", "publish.release": "upstream_failed"}, "refused"),
        ({**DONE, "publish.release": "failed"}, "failed"),
        ({"start": "success", "prepare": "failed", "publish.release": "upstream_failed"}, "failed"),
        ({"prepare": "failed", "assess.gate": "failed"}, "failed"),
    ],
)
def test_result(states: dict[str, str], result: str) -> None:
    assert result_of(states) == result
