"""How the sample ticket server reads what it is asked, and refuses it as Jira does."""

from __future__ import annotations

import base64
import json


class Refusal(Exception):
    """An error answer in Jira's form."""

    def __init__(self, status: int, message: str) -> None:
        """Keep the status and message."""
        super().__init__(message)
        self.status = status
        self.message = message


def number(text: str | None, otherwise: int) -> int:
    """Return a number that was asked for, or another where none was; raises Refusal."""
    try:
        return int(text) if text else otherwise
    except ValueError:
        raise Refusal(400, f"'{text}' is not a number") from None


def field_names(text: str) -> set[str]:
    """Return the fields that were asked for, by commas."""
    return {name.strip() for name in text.split(",") if name.strip()}


def page_token(start: int, jql: str) -> str:
    """Return what leads to the next page of a query."""
    return base64.urlsafe_b64encode(json.dumps([start, jql]).encode()).decode()


def read_token(token: str | None, jql: str) -> int:
    """Return where a page begins; raises Refusal for a token that is none, or one of another query."""
    if not token:
        return 0
    try:
        start, asked = json.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        raise Refusal(400, "The provided nextPageToken is invalid.") from None
    if asked != jql or not isinstance(start, int):
        raise Refusal(400, "The provided nextPageToken belongs to another query.")
    return start
