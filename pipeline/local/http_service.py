"""What the sample servers share: a threaded HTTP/1.1 server on the loopback that ends at a signal."""

from __future__ import annotations

import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import FrameType


class LoopbackServer(ThreadingHTTPServer):
    """Serves each connection in a thread of its own; connections do not keep the process from ending."""

    daemon_threads = True
    request_queue_size = 64


class QuietHandler(BaseHTTPRequestHandler):
    """HTTP/1.1 with keep-alive; requests are not logged, and a client that goes away is no error."""

    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_message(self, format: str, *arguments: object) -> None:
        """Log nothing."""

    def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        """Send a whole answer; a HEAD request gets its headers only."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status != 304:
            self.wfile.write(body)

    def handle_one_request(self) -> None:
        """Serve one request of a connection."""
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError):
            self.close_connection = True


def serve(server: LoopbackServer, what: str) -> None:
    """Serve until SIGTERM or SIGINT."""

    def stop(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    host, port = server.server_address[:2]
    sys.stderr.write(f"{what} at http://{host!s}:{port}\n")
    with server:
        server.serve_forever(poll_interval=0.2)
