"""Which comments are public, and raw answers without the others."""

from __future__ import annotations

import json
from typing import Any


def is_public(comment: dict[str, Any], *, unmarked_public: bool = False) -> bool | None:
    """Tell whether a comment is public: True, False, or None when nothing says.

    Cloud marks each comment (`jsdPublic`); Server marks those of a service desk by a property
    (`sd.public.comment`); a comment limited to a role or group (`visibility`) is internal anywhere. A comment without
    any mark is of unknown visibility, unless the source's settings say that such comments are public there.
    """
    if comment.get("visibility"):
        return False
    marked = comment.get("jsdPublic")
    if isinstance(marked, bool):
        return marked
    properties = comment.get("properties")
    for entry in properties if isinstance(properties, list) else ():
        if isinstance(entry, dict) and entry.get("key") == "sd.public.comment":
            value = entry.get("value")
            return isinstance(value, dict) and value.get("internal") in (False, "false")
    return True if unmarked_public else None


def public_only(data: Any, body: bytes, *, unmarked_public: bool = False) -> tuple[bytes, int]:
    """Return an answer without comments that are not known to be public, and how many were taken out.

    An answer without any keeps its very bytes.
    """
    removed = 0
    for holder in _holders(data):
        kept = [
            item
            for item in holder["comments"]
            if isinstance(item, dict) and is_public(item, unmarked_public=unmarked_public)
        ]
        removed += len(holder["comments"]) - len(kept)
    if not removed:
        return body, 0
    copy = json.loads(body)
    for holder in _holders(copy):
        holder["comments"] = [
            item
            for item in holder["comments"]
            if isinstance(item, dict) and is_public(item, unmarked_public=unmarked_public)
        ]
    return json.dumps(copy, ensure_ascii=False).encode("utf-8", "replace"), removed


def _holders(data: Any) -> list[dict[str, Any]]:
    """Return the objects that hold comments: a page of comments, or the comment field of each issue of a search."""
    if not isinstance(data, dict):
        return []
    found = [data]
    issues = data.get("issues")
    for issue in issues if isinstance(issues, list) else ():
        fields = issue.get("fields") if isinstance(issue, dict) else None
        if isinstance(fields, dict) and isinstance(fields.get("comment"), dict):
            found.append(fields["comment"])
    return [holder for holder in found if isinstance(holder.get("comments"), list)]
