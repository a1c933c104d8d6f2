"""Base models from a store of models: what people read when the store, or the storage behind it, refuses."""

from __future__ import annotations

import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import constants, set_client_factory

from pipeline import hub_client
from pipeline.errors import TrainingError
from pipeline.settings import ModelSettings
from pipeline.train import base_source, hub_source

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
    hub_source.HubSource("acme/model", COMMIT).materialise(folder)


def test_a_revision_behind_the_name_pins_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str | None]] = []
    monkeypatch.setattr(hub_source, "find", lambda *named: asked.append(named))
    for settings in (
        ModelSettings(base="acme/model@v1.2"),
        ModelSettings(base="acme/model@v1.2", revision="v1.2"),
        ModelSettings(base="acme/model", revision="v1.2"),
        ModelSettings(base="acme/model"),
    ):
        base_source.resolve(settings)
    assert asked == [("acme/model", "v1.2")] * 3 + [("acme/model", None)]


@pytest.mark.parametrize(
    ("base", "revision", "problem"),
    [
        ("acme/model@v1", "v2", r"the revision v1, and model\.revision is another.*State the revision once"),
        ("acme/model@", None, r"no repository at a revision \(acme/model@\)"),
        ("acme/model@a@b", None, "no repository at a revision"),
        ("acme/model@../../x", "", "no repository at a revision"),
        ("acme model@v1", None, "no repository at a revision"),
    ],
)
def test_a_revision_that_cannot_be_meant_is_refused(base: str, revision: str | None, problem: str) -> None:
    with pytest.raises(TrainingError, match=problem):
        base_source.resolve(ModelSettings(base=base, revision=revision))


def test_other_kinds_of_base_models_may_have_an_at_in_their_names(tmp_path: Path) -> None:
    for base in ("pypi:some-model==1.0", f"{tmp_path}/one@two", "./one@two", "tiny:llama:a@b.txt"):
        assert base_source.split_revision(base) == (base, None)


@pytest.mark.parametrize("call", [find, download])
def test_a_refusal_behind_a_signed_address_is_told_without_the_signature(
    elsewhere: str, tmp_path: Path, call: Callable[[Path], None]
) -> None:
    with pytest.raises(TrainingError, match=rf"410 Gone.*{elsewhere}/signed\?…") as caught:
        call(tmp_path / "model")
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_store_that_is_away_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{port}")
    with pytest.raises(TrainingError, match=r"not found in the model store: .*refused.*Check model\.base, HF_ENDPOINT"):
        base_source.resolve(ModelSettings(base="acme/model"))


@pytest.mark.parametrize("call", [find, download])
def test_a_store_that_takes_the_call_and_never_answers_is_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, call: Callable[[Path], None]
) -> None:
    monkeypatch.setattr(hub_client, "TIMEOUT", httpx2.Timeout(0.2))
    set_client_factory(hub_client.client)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setattr(time, "sleep", lambda seconds: None)  # the client waits longer before each of its attempts
        with pytest.raises(TrainingError, match=r"(not found in the model store|not be downloaded): .*timed out"):
            call(tmp_path / "model")
    monkeypatch.undo()
    set_client_factory(hub_client.client)
