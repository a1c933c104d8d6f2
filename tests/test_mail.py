from __future__ import annotations

import email
import socket
from pathlib import Path

import pytest

from pipeline.mail import tell_operators
from pipeline.settings import MailSettings, Settings


def test_the_operators_get_it(tmp_path: Path) -> None:
    from aiosmtpd.controller import Controller
    from aiosmtpd.handlers import Mailbox

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(Mailbox(tmp_path / "box"), hostname="127.0.0.1", port=port)
    server.start()
    try:
        settings = Settings(mail=MailSettings(port=port, operators=["a@example.com", "b@example.com"]))
        assert tell_operators(settings, "rolled back\nto v1", "Production went back.")
    finally:
        server.stop()
    (path,) = (tmp_path / "box" / "new").iterdir()
    message = email.message_from_bytes(path.read_bytes())
    assert message["Subject"] == "[llmops] rolled back to v1"
    assert message["To"] == "a@example.com, b@example.com"
    assert "went back" in message.get_payload()


def test_a_mail_server_that_is_away_stops_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert tell_operators(Settings(mail=MailSettings(port=9)), "x", "y") is False
