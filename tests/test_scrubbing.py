"""Secrets of addresses stay out of what people and logs are shown."""

from __future__ import annotations

import pickle
import traceback

import httpx
import pytest
import requests

from pipeline.errors import SourceError, StoreError
from pipeline.scrubbing import scrub, shown, without_secrets

ADDRESS = "https://collector:s3cret@h.example.com/v1?api_key=abc&page=2"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Server error '500' for url 'http://h:1/lfs/1?expires=1&signature=abc'", "url 'http://h:1/lfs/1?…'"),
        ("(https://user:s3cret@h/x?token=abc) is away", "(https://h/x?…) is away"),
        (
            "redis://:s3cret@h:6379/0 and postgresql+psycopg://u:s3@cret@h/db",
            "redis://h:6379/0 and postgresql+psycopg://h/db",
        ),
        ("s3://bucket/key?versionId=3 and http://h/y", "s3://bucket/key?… and http://h/y"),
        ("Max retries exceeded with url: /a/b?X-Amz-Signature=abc (Caused by", "url: /a/b?… (Caused by"),
        ("Is this right? signature=a", "Is this right? signature=a"),
        ("one and/or? two a=b", "one and/or? two a=b"),
        ("Is it http://h/y? Write to jane@example.org.", "Is it http://h/y? Write to jane@example.org."),
    ],
)
def test_addresses_in_text_lose_user_and_query(text: str, kept: str) -> None:
    found = without_secrets(text)
    assert kept in found
    assert "s3cret" not in found
    assert "abc" not in found


def test_an_address_that_is_shown_keeps_what_is_no_secret() -> None:
    assert shown(ADDRESS) == "https://h.example.com/v1?api_key=…&page=2"
    assert shown("rows.parquet, line 3") == "rows.parquet, line 3"


def test_errors_for_people_hold_no_secret_also_after_a_trip_between_processes() -> None:
    problem = SourceError(f"The site does not answer: {ADDRESS}", where=ADDRESS)
    again = pickle.loads(pickle.dumps(problem))
    for one in (problem, again):
        assert (
            str(one)
            == "The site does not answer: https://h.example.com/v1?… (https://h.example.com/v1?api_key=…&page=2)."
        )


def test_a_traceback_shows_no_secret_of_what_a_client_raised() -> None:
    answer = httpx.Response(401, request=httpx.Request("GET", ADDRESS))
    nested = requests.ConnectionError(OSError(111, f"refused by {ADDRESS}"))
    try:
        try:
            try:
                raise nested
            except requests.ConnectionError:
                answer.raise_for_status()
        except httpx.HTTPError as problem:
            raise StoreError("The store does not answer") from problem
    except StoreError as problem:
        scrub(problem)
        text = "".join(traceback.format_exception(problem))
    assert "401 Unauthorized" in text
    assert "h.example.com" in text
    assert "s3cret" not in text
    assert "abc" not in text
