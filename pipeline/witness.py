"""Who vouches for what lies in the lake: a manifest is no proof of itself."""

from __future__ import annotations

from typing import Protocol
from weakref import WeakKeyDictionary

from pipeline.lake import Lake
from pipeline.log import get_logger
from pipeline.manifest import Manifest

log = get_logger(__name__)
_witnesses: WeakKeyDictionary[Lake, Witness] = WeakKeyDictionary()


class Witness(Protocol):
    """Who keeps an account of what is made, and can tell later whether something was."""

    def saw(self, manifest: Manifest) -> None:
        """Take down that a manifest is made; called before anybody can find it."""

    def knows(self, manifest: Manifest) -> bool:
        """Tell whether exactly this manifest was ever taken down."""


def witnessed(lake: Lake, witness: Witness) -> None:
    """Have every manifest that this process makes in this lake seen by `witness`.

    So there is no moment, and no kill, after which a finished stage lies there and nobody said that it was made.
    """
    _witnesses[lake] = witness


def believed(lake: Lake, manifest: Manifest) -> bool:
    """Tell whether a stage may build on what this manifest of earlier work says.

    What lies in the lake is no proof of itself. Without a witness (commands by hand) it is all that there is.
    """
    witness = _witnesses.get(lake)
    if witness is None or witness.knows(manifest):
        return True
    log.warning("nobody recorded making this earlier result; the work is done anew", manifest=manifest.uri)
    return False


def witness_of(lake: Lake) -> Witness | None:
    """Return who keeps the account of a lake in this process, if anybody does."""
    return _witnesses.get(lake)
