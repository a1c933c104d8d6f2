"""A faulty proxy before a real HTTP service: a share of the calls meets a fault, and every fault is counted."""

from __future__ import annotations

import http.client
import random
import socket
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

SLOW_DOWN = (
    b'<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>'
)
INTERNAL = b'<?xml version="1.0"?><Error><Code>InternalError</Code><Message>We encountered an error.</Message></Error>'
STATUS = {"500": (500, INTERNAL), "503": (503, SLOW_DOWN)}
FAULTS = ("500", "503", "cut_before", "answer_lost", "cut_body", "stall")
STALL_SECONDS = 2.0
HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Handler(BaseHTTPRequestHandler):
    """Serves one connection for the proxy that `server.proxy` names."""

    protocol_version = "HTTP/1.1"

    def handle_any(self) -> None:
        body = self._body()
        fault = self.server.proxy.draw()
        if fault in STATUS:
            return self._answer(*STATUS[fault])
        if fault == "cut_before":
            return self._cut()
        if fault == "stall":
            time.sleep(STALL_SECONDS)
            return self._cut()
        status, headers, content = self.server.proxy.forward(self.command, self.path, dict(self.headers), body)
        if fault == "answer_lost":
            return self._cut()
        self._answer(status, content, headers, broken=fault == "cut_body")

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any

    def _body(self) -> bytes:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _answer(self, status: int, content: bytes, headers=(), broken: bool = False) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP:
                self.send_header(name, value)
        length = next((v for k, v in headers if k.lower() == "content-length"), str(len(content)))
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD" and status != 304:
            self.wfile.write(content[: len(content) // 2] if broken else content)
        if broken:
            self.wfile.flush()
            self._cut()

    def log_message(self, format: str, *arguments: object) -> None:
        pass

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True


class FaultyProxy:
    """Forwards to `upstream`; `fault` meets `share` of the calls, chosen by a seeded generator."""

    def __init__(self, upstream: str, fault: str, share: float = 0.1, seed: int = 7) -> None:
        self.fault, self.share, self.injected, self.calls = fault, share, Counter(), 0
        self._random, self._lock = random.Random(seed), threading.Lock()
        self._upstream = urlsplit(upstream).netloc
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.proxy = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> FaultyProxy:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def draw(self) -> str | None:
        """Say what happens to this call."""
        with self._lock:
            self.calls += 1
            if self._random.random() >= self.share:
                return None
            self.injected[self.fault] += 1
            return self.fault

    def forward(self, method: str, path: str, headers: dict[str, str], body: bytes):
        """Call the service as the client did: the signature covers the Host header, so it stays the client's."""
        connection = http.client.HTTPConnection(self._upstream, timeout=60)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                if name.lower() not in HOP | {"expect"}:
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()
