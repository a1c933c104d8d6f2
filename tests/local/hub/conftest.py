from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# Read by huggingface_hub when it is imported; a store without Xet needs it in every client's environment.
os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")

from huggingface_hub import HfApi, constants

from pipeline.local.hub.accounts import Account
from pipeline.local.hub.config import MIB, HubConfig
from pipeline.local.hub.server import HubServer
from pipeline.local.hub.store import Store

TOKENS = {
    "alice": "hf_alice_may_write_to_acme",
    "alice-reads": "hf_alice_may_only_read_here",
    "carol": "hf_carol_may_only_read_acme",
    "bob": "hf_bob_is_not_in_acme_at_all",
}
ACCOUNTS = [
    Account.model_validate({"name": "alice", "token": TOKENS["alice"], "role": "write", "orgs": ["acme"]}),
    Account.model_validate({"name": "alice", "token": TOKENS["alice-reads"], "role": "read", "orgs": ["acme"]}),
    Account.model_validate({"name": "carol", "token": TOKENS["carol"], "role": "read", "orgs": ["acme"]}),
    Account.model_validate({"name": "bob", "token": TOKENS["bob"], "role": "write"}),
]
PART_SIZE = 8 * MIB


@pytest.fixture(autouse=True)
def _client_without_xet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf-cache"))


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The store behind `hub`: small parts, so that a file of a few MB already needs several."""
    return Store.open(HubConfig(tmp_path_factory.mktemp("hub"), part_size=PART_SIZE, page_size=5), ACCOUNTS)


@pytest.fixture(scope="session")
def hub(store: Store) -> Iterator[str]:
    """The address of a running store."""
    with HubServer(store).running() as url:
        yield url


@pytest.fixture(scope="session")
def as_user(hub: str) -> Callable[[str | None], HfApi]:
    """The real client, as one of the users or as nobody."""

    def client(name: str | None) -> HfApi:
        return HfApi(endpoint=hub, token=TOKENS[name] if name else False)

    return client


@pytest.fixture(scope="session")
def alice(as_user: Callable[[str | None], HfApi]) -> HfApi:
    """The real client of somebody who may write."""
    return as_user("alice")


@pytest.fixture
def repo(alice: HfApi) -> str:
    """A fresh private repository of acme."""
    name = f"acme/test-{uuid.uuid4().hex[:12]}"
    alice.create_repo(name, private=True)
    return name


@pytest.fixture(scope="session")
def tokens() -> dict[str, str]:
    """The tokens by the name used with `as_user`."""
    return TOKENS


@pytest.fixture(scope="session")
def accounts() -> list[Account]:
    """The accounts of the running store."""
    return ACCOUNTS
