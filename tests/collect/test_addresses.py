from __future__ import annotations

import ipaddress
import socket

import httpx
import pytest

from pipeline.collect import addresses
from pipeline.collect.addresses import PinnedTransport, is_public, resolve
from pipeline.errors import SourceError


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("192.0.2.1", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::808:808", True),
        ("2002:7f00:1::", False),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is public


def names(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
    remaining = list(answers)

    def getaddrinfo(host: str, port: int, **rest: object) -> list[object]:
        found = remaining.pop(0) if len(remaining) > 1 else remaining[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", getaddrinfo)


def test_a_name_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, ["8.8.8.8", "10.0.0.7"])
    with pytest.raises(SourceError, match=r"10\.0\.0\.7 of a private network"):
        resolve("both.example", 80)
    assert len(resolve("both.example", 80, allow_private=True)) == 2


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 80 + ".example", "x..y"])
def test_names_that_do_not_resolve_are_explained(host: str) -> None:
    with pytest.raises(SourceError, match="cannot be resolved"):
        resolve(host, 80)


def test_it_connects_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, ["8.8.8.8"], ["127.0.0.1"])
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200)

    client = httpx.Client(transport=PinnedTransport(inner=httpx.MockTransport(answer)))
    client.get("https://rebinding.example/path")
    assert sent[0].url.host == "8.8.8.8"
    assert sent[0].headers["Host"] == "rebinding.example"
    assert sent[0].extensions["sni_hostname"] == "rebinding.example"
    with pytest.raises(SourceError, match="private network"):
        client.get("https://rebinding.example/path")
    assert len(sent) == 1


def test_the_next_address_is_tried_when_one_does_not_accept(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, ["8.8.8.8", "8.8.4.4"])

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "8.8.8.8":
            raise httpx.ConnectError("refused")
        return httpx.Response(204)

    client = httpx.Client(transport=PinnedTransport(inner=httpx.MockTransport(answer)))
    assert client.get("http://two.example/").status_code == 204
