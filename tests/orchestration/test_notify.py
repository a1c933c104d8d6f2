from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pipeline.orchestration import notify
from pipeline.settings import NoticeSettings, Settings


def test_slack_gets_the_outcome_without_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    received: list[dict] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/services/secret"
    monkeypatch.setattr(notify, "current", lambda: Settings(notices=NoticeSettings(slack_webhook=url)))
    try:
        notify.slack("refused: <!channel> & <http://evil.example|click>")
    finally:
        server.shutdown()
        server.server_close()
    assert received == [{"text": "refused: &lt;!channel&gt; &amp; &lt;http://evil.example|click&gt;"}]


def test_slack_that_is_away_stops_nothing_and_its_address_is_not_logged(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(notices=NoticeSettings(slack_webhook="http://127.0.0.1:9/services/secret"))
    monkeypatch.setattr(notify, "current", lambda: settings)
    notify.slack("published")
    assert "services/secret" not in "".join(capsys.readouterr())


def test_without_a_webhook_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify, "current", Settings)
    notify.slack("published")
