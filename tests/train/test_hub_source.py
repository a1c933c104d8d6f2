"""Base models from a store of models: what people read when the store, or the storage behind it, refuses."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import constants

from pipeline.errors import TrainingError
from pipeline.settings import ModelSettings
from pipeline.train import base_source

COMMIT = "a" * 40
SECRET = "topsecret"


class Elsewhere(BaseHTTPRequestHandler):
    """Sends every caller on to a signed address, which is gone."""

    def do_GET(self) -> None:
        if self.path.startswith("/signed"):
            self.send_response(410)
        else:
            self.send_response(307)
            self.send_header("Location", f"http://{self.headers['Host']}/signed?X-Amz-Signature={SECRET}")
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setattr(constants, "ENDPOINT", address)  # as HF_ENDPOINT would before the client is imported
        yield address
        server.shutdown()


def find(folder: Path) -> None:
    base_source.resolve(ModelSettings(base="acme/model"))


def download(folder: Path) -> None:
    base_source.HubSource("acme/model", COMMIT).materialise(folder)


@pytest.mark.parametrize("call", [find, download])
def test_a_refusal_behind_a_signed_address_is_told_without_the_signature(
    elsewhere: str, tmp_path: Path, call: Callable[[Path], None]
) -> None:
    with pytest.raises(TrainingError, match=rf"410 Gone.*{elsewhere}/signed\?…") as caught:
        call(tmp_path / "model")
    assert SECRET not in "".join(traceback.format_exception(caught.value))
