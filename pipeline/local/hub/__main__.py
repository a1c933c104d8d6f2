"""`python -m pipeline.local.hub`: serve a model store until a signal."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline import log
from pipeline.errors import PipelineError
from pipeline.local.hub.accounts import read_accounts
from pipeline.local.hub.config import MIB, HubConfig
from pipeline.local.hub.integrity import damage
from pipeline.local.hub.server import serve
from pipeline.local.hub.store import Store


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.local.hub",
        description="Serve a model store that the Hugging Face Hub's clients can use (HF_ENDPOINT, with "
        "HF_HUB_DISABLE_XET=1).",
    )
    parser.add_argument("--root", type=Path, required=True, help="folder of the store; made when missing")
    parser.add_argument("--users", type=Path, required=True, help="JSON file of names, tokens, roles and organisations")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, default=28870, help="port to listen on; 0 takes a free one")
    parser.add_argument("--part-mib", type=int, default=256, help="files above this many MiB go up in parts")
    parser.add_argument("--check", action="store_true", help="compare all that is stored with its hashes, and exit")
    parser.add_argument("--json-log", action="store_true", help="log JSON lines")
    return parser.parse_args(argv)


def _check(store: Store) -> int:
    found = list(damage(store))
    sys.stdout.write("".join(f"{sentence}\n" for sentence in found) or "Everything stored is what its name says.\n")
    return 1 if found else 0


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM, or check and return; the result is the exit code."""
    arguments = _arguments(argv)
    log.configure(json=arguments.json_log)
    try:
        config = HubConfig(root=arguments.root, part_size=arguments.part_mib * MIB)
        users = read_accounts(arguments.users)
        if arguments.check:
            return _check(Store.open(config, users))
        server = serve(config, users, arguments.host, arguments.port)
    except (PipelineError, ValueError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    # For whoever started it with port 0.
    sys.stdout.write(f"{server.url}\n")
    sys.stdout.flush()
    server.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
