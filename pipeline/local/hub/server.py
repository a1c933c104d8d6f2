"""Running the store: in this process until a signal, or in a thread of a test."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import uvicorn

from pipeline.errors import PipelineError
from pipeline.local.hub.accounts import Account
from pipeline.local.hub.app import build
from pipeline.local.hub.config import HubConfig
from pipeline.local.hub.store import Store

_KEEP_ALIVE = 75
_START_TIMEOUT = 20.0


class HubServer:
    """One store on one address."""

    def __init__(self, store: Store, host: str = "127.0.0.1", port: int = 0) -> None:
        """Take the address at once (port 0 takes a free one), so that `url` is right before the server runs.

        Raises PipelineError when the address is taken.
        """
        self._store = store
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
        except OSError as problem:
            self._socket.close()
            raise PipelineError(
                f"The model store cannot listen: {problem.strerror}",
                where=f"{host}:{port}",
                remedy="Stop the other program or choose another --port",
            ) from None
        self._host = f"[{host}]" if ":" in host else host
        # The access log would hold the signatures of upload addresses.
        settings = uvicorn.Config(
            build(store),
            log_level="warning",
            access_log=False,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=10,
        )
        self._server = uvicorn.Server(settings)

    @property
    def url(self) -> str:
        """The address that clients take as `HF_ENDPOINT`."""
        return f"http://{self._host}:{self._socket.getsockname()[1]}"

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM."""
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._socket.close()
            self._store.close()

    @contextmanager
    def running(self) -> Iterator[str]:
        """Serve in a thread for the length of the block and yield the address."""
        thread = threading.Thread(target=self.run, name="model-store", daemon=True)
        thread.start()
        deadline = time.monotonic() + _START_TIMEOUT
        while not self._server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise PipelineError("The model store did not start", where=self.url)
            time.sleep(0.01)
        try:
            yield self.url
        finally:
            self._server.should_exit = True
            thread.join(_START_TIMEOUT)


def serve(config: HubConfig, users: Sequence[Account], host: str = "127.0.0.1", port: int = 0) -> HubServer:
    """Open a store and take an address for it; call `run` or use `running` to serve it.

    Raises PipelineError when the folder or the address is in use.
    """
    store = Store.open(config, users)
    try:
        return HubServer(store, host, port)
    except PipelineError:
        store.close()
        raise
