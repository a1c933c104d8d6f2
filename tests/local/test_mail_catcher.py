from __future__ import annotations

import smtplib
import socket
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from pipeline.local.mail_catcher import Keeper, body, messages, page


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def smtp(tmp_path: Path):
    controller = Controller(Keeper(tmp_path), hostname="127.0.0.1", port=free_port())
    controller.start()
    port = controller.port
    yield smtplib.SMTP("127.0.0.1", port)
    controller.stop()


def test_mail_is_kept_and_shown_harmlessly(smtp: smtplib.SMTP, tmp_path: Path) -> None:
    message = EmailMessage()
    message["From"], message["To"] = "llmops@example.com", "ml-platform@example.com"
    message["Subject"] = "<script>alert(1)</script> wärts"
    message.set_content("Review waits: grüße")
    smtp.send_message(message)
    (kept,) = messages(tmp_path)
    assert kept["subject"] == "<script>alert(1)</script> wärts"
    assert body(kept).strip() == "Review waits: grüße"
    assert "<script>" not in page(tmp_path)
    assert "&lt;script&gt;" in page(tmp_path)


def test_nothing_yet(tmp_path: Path) -> None:
    assert "None yet" in page(tmp_path)
