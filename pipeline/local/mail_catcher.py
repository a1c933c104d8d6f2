"""A mail catcher: takes every message over SMTP on the loopback, keeps it as a file and shows it on a page.

Nothing is ever sent on. Run it with `python -m pipeline.local.mail_catcher --folder DIR --smtp-port P --web-port Q`.
"""

from __future__ import annotations

import argparse
import email
import email.policy
import html
import json
import time
import uuid
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from pipeline.whole_file import replacing

MAX_BYTES = 5_000_000


class Keeper:
    """Keeps each message as `<time>-<id>.eml`, whole or not at all."""

    def __init__(self, folder: Path) -> None:
        """Make the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take a message (the method's name is aiosmtpd's)."""
        name = f"{time.time_ns()}-{uuid.uuid4().hex[:8]}.eml"
        content = envelope.content or b""
        data = content if isinstance(content, bytes) else content.encode()
        with replacing(self._folder / name) as partial:
            partial.write_bytes(data)
        return "250 kept"


def messages(folder: Path) -> list[EmailMessage]:
    """Return the kept messages, newest first."""
    found = []
    for path in sorted(folder.glob("*.eml"), reverse=True):
        found.append(email.message_from_bytes(path.read_bytes(), policy=email.policy.default))
    return found


def body(message: EmailMessage) -> str:
    """Return a message's text, from its plain part where there is one."""
    part = message.get_body(("plain", "html"))
    return str(part.get_content()) if part else ""


def page(folder: Path) -> str:
    """Return the list of messages as HTML; every header and body is escaped."""
    rows = "".join(
        f"<details><summary>{html.escape(str(m['date'] or ''))} · to {html.escape(str(m['to'] or ''))} · "
        f"<b>{html.escape(str(m['subject'] or ''))}</b></summary><pre>{html.escape(body(m))}</pre></details>"
        for m in messages(folder)
    )
    style = "body{font:16px system-ui;margin:2rem;max-width:60rem}pre{white-space:pre-wrap}summary{padding:.4rem 0}"
    head = f"<!doctype html><html lang=en><title>Mail</title><style>{style}</style>"
    return f"{head}<h1>Caught mail</h1>{rows or 'None yet.'}"


def handler(folder: Path) -> type[BaseHTTPRequestHandler]:
    """Return the request handler of the page and of `/messages.json`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/messages.json":
                listed = [{"to": m["to"], "subject": m["subject"], "body": body(m)} for m in messages(folder)]
                self._send("application/json", json.dumps(listed, default=str))
            elif self.path in ("/", "/healthz"):
                self._send("text/html; charset=utf-8", page(folder) if self.path == "/" else "ok")
            else:
                self.send_error(404)

        def _send(self, kind: str, text: str) -> None:
            data = text.encode()
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Stay silent: every poll would be a line."""

    return Handler


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--web-port", type=int, required=True)
    options = parser.parse_args()
    smtp = Controller(Keeper(options.folder), hostname=options.host, port=options.smtp_port, data_size_limit=MAX_BYTES)
    smtp.start()
    ThreadingHTTPServer((options.host, options.web_port), handler(options.folder)).serve_forever()


if __name__ == "__main__":
    main()
