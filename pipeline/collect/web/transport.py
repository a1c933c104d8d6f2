"""An HTTP transport whose every read, write and handshake ends at a deadline, so that a slow drip cannot hold a caller.

Time-outs per read, which HTTP clients offer, let a server send one byte every few seconds for ever.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

import httpcore
import httpx

_deadline: ContextVar[float | None] = ContextVar("collect_web_deadline", default=None)
_address: ContextVar[str | None] = ContextVar("collect_web_address", default=None)
_ERRORS: dict[type[Exception], type[httpx.TransportError]] = {
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.PoolTimeout: httpx.PoolTimeout,
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ReadError: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
    httpcore.UnsupportedProtocol: httpx.UnsupportedProtocol,
}


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Let every network operation of this thread end at most `seconds` from now."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def remaining() -> float | None:
    """Return the seconds left before the deadline of this thread, or None when there is none."""
    limit = _deadline.get()
    return None if limit is None else limit - time.monotonic()


def _shorten(timeout: float | None, problem: type[Exception]) -> float | None:
    left = remaining()
    if left is None:
        return timeout
    if left <= 0:
        raise problem("the time allowed for the whole request is over")
    return left if timeout is None else min(timeout, left)


class _Stream(httpcore.NetworkStream):
    """A network stream that shortens each time-out to what is left before the deadline."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _shorten(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _shorten(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        limited = _shorten(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, limited))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    """The ordinary network, with streams that know the deadline, to the address that the request names."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        limited = _shorten(timeout, httpcore.ConnectTimeout)
        return _Stream(super().connect_tcp(_address.get() or host, port, limited, local_address, socket_options))


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        with _translated():
            yield from self._stream

    def close(self) -> None:
        with _translated():
            self._stream.close()


@cache
def _certificates() -> ssl.SSLContext:
    """Read the trusted certificates once per process: that takes longer than most pages."""
    return httpx.create_ssl_context()


class DeadlineTransport(httpx.BaseTransport):
    """HTTP/1.1 over TCP or TLS, like httpx's own transport, with deadlines.

    A request to an address that names its host (the extension `sni_hostname`) never uses a connection of another host,
    even where both have one address: certificates are checked once per connection, for one name.
    """

    def __init__(self, connections: int = 8) -> None:
        """Keep at most `connections` connections open; certificates are checked."""
        self._pool = httpcore.ConnectionPool(
            ssl_context=_certificates(),
            max_connections=connections * 2,
            max_keepalive_connections=connections,
            keepalive_expiry=15.0,
            network_backend=_Backend(),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; raises httpx's exceptions."""
        name = request.extensions.get("sni_hostname")
        host = request.url.copy_with(host=name).raw_host if name else request.url.raw_host
        url = httpcore.URL(scheme=request.url.raw_scheme, host=host, port=request.url.port, target=request.url.raw_path)
        plain = httpcore.Request(
            method=request.method,
            url=url,
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        token = _address.set(request.url.host if name else None)
        try:
            with _translated():
                answer = self._pool.handle_request(plain)
        finally:
            _address.reset(token)
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(answer.stream),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except Exception as problem:
        kind = next((ours for theirs, ours in _ERRORS.items() if isinstance(problem, theirs)), None)
        if kind is None:
            raise
        raise kind(str(problem)) from problem
