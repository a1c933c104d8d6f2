"""Taking secrets out of text that people and logs are shown: user names, passwords and queries of addresses.

Clients put the address that they called into what they raise, with the password before its host and the signature or
the key in its query. So text is scrubbed where it leaves: in the logger, in the pipeline's errors, and on the way of
any error out of a task.
"""

from __future__ import annotations

import re

SECRET_NAME = re.compile(
    r"authorization|cookie|token|secret|passw|api[-_]?key|credential|signature|session|^x-amz-|^sig$|^key$|^auth$", re.I
)
"""Names of headers, query parameters and metadata fields whose values never reach the lake."""
HIDDEN = "…"
_USER = re.compile(r"""([a-z][a-z0-9+.-]*://)[^\s/"'<>?#]*@""", re.IGNORECASE)
# Of a whole address any query; of a path, as some clients write it, one with a value: "and/or?" is no query.
_QUERY = re.compile(
    r"""([a-z][a-z0-9+.-]*://[^\s"'<>?]+)\?[^\s"'<>)]+|((?<![^\s"'(])/[^\s"'<>?]*)\?[^\s"'<>)]*=[^\s"'<>)]*""",
    re.IGNORECASE,
)
_PARAMETER = re.compile(r"([?&;])([^\s=&;#]+)=([^\s&;#]*)")


def without_secrets(text: str) -> str:
    """Return text in which the addresses have lost their user, their password and their query."""
    return _QUERY.sub(lambda found: f"{found[1] or found[2]}?{HIDDEN}", _USER.sub(r"\1", text))


def shown(address: str) -> str:
    """Return an address without user, password, and the values of parameters that are called like secrets."""
    return _PARAMETER.sub(
        lambda found: f"{found[1]}{found[2]}={HIDDEN if SECRET_NAME.search(found[2]) else found[3]}",
        _USER.sub(r"\1", address),
    )


def scrub(problem: BaseException) -> None:
    """Take secrets out of the messages of an error and of all that it came from, as a traceback would show them."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [problem]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        one.args = tuple(without_secrets(part) if isinstance(part, str) else part for part in one.args)
        if isinstance(one, OSError) and isinstance(one.strerror, str):
            one.strerror = without_secrets(one.strerror)
        waiting += [one.__cause__, one.__context__, *(part for part in one.args if isinstance(part, BaseException))]
