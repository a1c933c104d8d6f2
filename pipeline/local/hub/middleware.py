"""What happens to every request before it is routed."""

from __future__ import annotations

import re

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# These read their bodies piece by piece and have limits of their own.
_STREAMED = re.compile(r"/lfs/(whole|part)/|/api/(models|datasets)/[^/]+/[^/]+/commit/")


class RawPath:
    """Routes on the address as it was sent: decoding first would lose the difference between `/` and `%2F`."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the undecoded path on; the segments decode themselves."""
        if scope["type"] == "http":
            scope = {**scope, "path": scope["raw_path"].decode("ascii", "replace")}
        await self._app(scope, receive, send)


class BodyLimit:
    """Refuses bodies that would be read into memory as a whole and are larger than any honest one."""

    def __init__(self, app: ASGIApp, longest: int) -> None:
        """Wrap the application; `longest` is in bytes."""
        self._app = app
        self._longest = longest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the body while it is read."""
        if scope["type"] != "http" or _STREAMED.match(scope["path"]):
            await self._app(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._longest:
                raise HTTPException(413, "The request is too large")
            return message

        await self._app(scope, counted, send)
