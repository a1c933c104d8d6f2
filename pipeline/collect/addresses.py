"""Which network addresses a collector may talk to, checked at the moment of connecting.

A URL of a source may name, resolve to or redirect to a machine of our own network (a metadata service, a database).
The transport here resolves each request's host itself, refuses every address that is not globally reachable, and
connects to exactly the address it checked, so a second answer of the name server cannot slip in between.
"""

from __future__ import annotations

import ipaddress
import socket

import httpx

from pipeline.errors import SourceError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_public(address: Address) -> bool:
    """Tell whether an address belongs to the open Internet, looking through IPv6 forms that wrap an IPv4 address."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


def resolve(host: str, port: int, *, allow_private: bool = False) -> list[Address]:
    """Return the addresses of a host, all of them allowed.

    Raises SourceError when the name does not resolve or when any of its addresses is private and that was not
    allowed: a name with one public and one private address is an attempt to get past this check.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as problem:
        raise SourceError(
            f"The host name {host} cannot be resolved: {problem}", where=host, remedy="Check its spelling and the DNS"
        ) from None
    addresses = [ipaddress.ip_address(str(entry[4][0]).split("%")[0]) for entry in found]
    refused = [address for address in addresses if not is_public(address)]
    if refused and not allow_private:
        raise SourceError(
            f"{host} is the address {refused[0]} of a private network, which is not collected from",
            where=host,
            remedy="If this is your own server, allow it: allow_private = true in its source, or --allow-private",
        )
    return list(dict.fromkeys(addresses))


class PinnedTransport(httpx.BaseTransport):
    """An HTTP transport that connects only to addresses that were checked, each request anew."""

    def __init__(self, *, allow_private: bool = False, inner: httpx.BaseTransport | None = None) -> None:
        """Wrap a transport; certificates are still checked against the host's name."""
        self._allow_private = allow_private
        self._inner = inner or httpx.HTTPTransport(limits=httpx.Limits(max_keepalive_connections=8))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the first address of its host that accepts it; raises SourceError for private ones."""
        host = request.url.host
        addresses = resolve(host, request.url.port or _default_port(request), allow_private=self._allow_private)
        failure: httpx.ConnectError | httpx.ConnectTimeout | None = None
        for address in addresses:
            pinned = httpx.Request(
                request.method,
                request.url.copy_with(host=str(address)),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": host},
            )
            try:
                return self._inner.handle_request(pinned)
            except (httpx.ConnectError, httpx.ConnectTimeout) as problem:
                failure = problem
        raise failure or httpx.ConnectError(f"{host} has no address", request=request)

    def close(self) -> None:
        """Close every connection."""
        self._inner.close()


def _default_port(request: httpx.Request) -> int:
    return 443 if request.url.scheme == "https" else 80
