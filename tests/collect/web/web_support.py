"""A web server to collect from, and shorthands for the tests of the web collector."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pipeline.collect.source import Landing
from pipeline.collect.web.extract import extract_page
from pipeline.collect.web.fetch import Limits
from pipeline.collect.web.model import PageExtraction, Selector

QUICK = Limits(seconds=2.0, read_seconds=1.0, attempts=2, wait_seconds=1.0, backoff_seconds=0.01)


@dataclass
class Reply:
    """What the server sends for a path; a callable body gets the handler and writes for itself."""

    body: bytes | Callable[[BaseHTTPRequestHandler], None] = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    etag: str | None = None


class Site:
    """A real web server on a free port of the loopback, with a log of what was asked of it."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply | list[Reply]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: Any) -> None:
                pass

            def do_GET(self) -> None:
                site.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                reply = site.reply(self.path)
                if callable(reply.body):
                    self.close_connection = True
                    reply.body(self)
                    return
                if reply.etag and self.headers.get("If-None-Match") == reply.etag:
                    self.send_response(304)
                    self.send_header("ETag", reply.etag)
                    self.end_headers()
                    return
                self.send_response(reply.status)
                headers = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(reply.body))}
                if reply.etag:
                    headers["ETag"] = reply.etag
                for name, value in {**headers, **reply.headers}.items():
                    if value:
                        self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body)

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # clients that hang up in the middle are what some tests are about

        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def reply(self, path: str) -> Reply:
        found = self.replies.get(path)
        if isinstance(found, list):
            return found.pop(0) if len(found) > 1 else found[0]
        return found or Reply(b"<html><body>nothing here</body></html>", 404)

    def page(self, path: str, markup: str, **more: Any) -> None:
        self.replies[path] = Reply(markup.encode(), **more)

    def asked(self, path: str) -> int:
        return sum(asked == path for asked, _ in self.requests)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(timeout=5)


class KeptLanding(Landing):
    """Keeps what lands, in memory."""

    def __init__(self) -> None:
        self.landed: dict[str, tuple[bytes, dict[str, Any]]] = {}

    def land(self, name: str, body: bytes, metadata: Any) -> str:
        self.landed[name] = (body, dict(metadata))
        return f"memory:{name}"


def extract(markup: str | bytes, url: str = "https://shop.example/help/faq", **more: Any) -> PageExtraction:
    """Extract from markup given as text."""
    return extract_page(markup.encode() if isinstance(markup, str) else markup, url, **more)


def page(content: str, title: str = "FAQ", heading: str = "", lang: str = "en") -> str:
    """Wrap content in a page with the usual furniture around it."""
    h1 = f"<h1>{heading}</h1>" if heading else ""
    return f"""<!DOCTYPE html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>
<style>.a{{color:red}}</style><script>var faq = "What is this?";</script></head><body>
<header class="site-header"><nav class="navbar"><ul><li><a href="/">Home</a></li><li><a href="/shop">Shop</a></li>
<li><a href="/help">Need help?</a></li></ul></nav></header><main>{h1}{content}</main>
<footer class="site-footer"><h4>Company</h4><p>© 2026 Example Ltd. Questions? <a href="/contact">Contact us</a></p>
</footer></body></html>"""


def selector(container: str, question: str, answer: str) -> Selector:
    """Shorthand."""
    return Selector(container, question, answer)
