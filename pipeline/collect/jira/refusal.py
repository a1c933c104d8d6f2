"""What a site's refusal says, and what to do about it."""

from __future__ import annotations

import json
from typing import Any

from pipeline.errors import SourceError
from pipeline.scrubbing import without_secrets


class RequestFailed(Exception):
    """A call that failed for good: its status (0 when there was no answer) and what the server said."""

    def __init__(self, status: int, message: str, url: str) -> None:
        """Keep the parts, so that the caller can decide what they mean."""
        self.status = status
        self.message = without_secrets(message)
        super().__init__(f"{status or 'no answer'}: {self.message}")
        self.url = url


def message_of(body: bytes) -> str:
    """Return what an error answer says, in the forms that Jira uses, in one line of at most 300 characters."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = None
    if isinstance(data, dict):
        text = "; ".join(_said(data))
        if text:
            return " ".join(text.split())[:300]
    if body.lstrip()[:1] == b"<":
        return "a web page"
    return " ".join(body[:300].decode("utf-8", "replace").split())


def _said(data: dict[str, Any]) -> list[str]:
    listed, errors = data.get("errorMessages"), data.get("errors")
    said = [str(part) for part in listed] if isinstance(listed, list) else []
    said += [f"{key}: {value}" for key, value in errors.items()] if isinstance(errors, dict) else []
    return said + [str(data[name]) for name in ("message", "error") if data.get(name)]


def explained(failure: RequestFailed, api: str) -> SourceError:
    """Turn a refusal into an error that says what to do about it."""
    remedies: dict[int, str] = {
        400: "Check the JQL; Jira Cloud also refuses unbounded queries: name a project or a time",
        401: "Check JIRA_EMAIL and JIRA_API_TOKEN (Cloud), JIRA_PAT (Server) or the Airflow connection",
        403: "This user may not search; Jira also answers so after failed logins, until somebody logs in by hand",
        404: "Check base_url; Jira Server needs api = server, Jira Cloud api = cloud",
        410: "Jira Cloud has removed this search; use api = cloud",
        429: "The site limits our rate; run again later or ask its administrator for a higher limit",
    }
    remedy = remedies.get(failure.status, "Check base_url and that the site is up, then run again")
    if 300 <= failure.status < 400:
        remedy = "Set base_url to the address it redirects to, if that is the same site; credentials are not sent on"
    what = (
        f"The ticket system refused ({failure})" if failure.status else f"The ticket system fails ({failure.message})"
    )
    return SourceError(what, where=failure.url, remedy=remedy)
