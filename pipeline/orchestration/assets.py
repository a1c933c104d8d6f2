"""What runs tell each other: assets whose changes start what depends on them.

An event is sent only when something really changed, so each goes through an alias: a task that declares an asset itself
as its outlet would announce a change at every success. Teams may schedule DAGs of their own on these assets.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Asset, AssetAlias

HELD_OUT = Asset(name="held-out-rows", uri="llmops://held-out-rows", group="llmops")
"""The newest prepared rows, tokenised: what a model in production is measured on."""
PRODUCTION = Asset(name="production-model", uri="llmops://production-model", group="llmops")
"""The version in production: released, or rolled back to."""


def changes_of(asset: Asset) -> AssetAlias:
    """Return what a task declares as its outlet when it may change an asset."""
    return AssetAlias(name=f"{asset.name}-changes", group="llmops")


def announce(context: Any, asset: Asset, **extra: str) -> None:
    """Say inside a task that an asset changed; `extra` goes to the runs that this starts."""
    context["outlet_events"][changes_of(asset)].add(asset, extra=dict(extra))
