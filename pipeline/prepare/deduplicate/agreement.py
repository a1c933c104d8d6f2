# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Whether two texts that are nearly the same agree in what changes their meaning though it is one word.

Numbers with their units, negations and signs must be the same and in one order. Of words with an opposite (enable and
disable) and of systems (Windows and Linux) one text may have more, as a longer text does, but not another instead.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

import pyarrow as pa

from pipeline.prepare.deduplicate.facts import facts
from pipeline.prepare.deduplicate.signs import signs
from pipeline.prepare.deduplicate.words import composed

_OPPOSITES = (
    ("enable enables enabled enabling", "disable disables disabled disabling"),
    ("on", "off"),
    ("before", "after"),
    ("min minimum minimal", "max maximum maximal"),
    ("true", "false"),
    ("allow allows allowed", "forbid forbids forbidden deny denies denied block blocks blocked"),
    ("increase increases increased", "decrease decreases decreased reduce reduces reduced"),
    ("left", "right"),
    ("above", "below"),
    ("upper", "lower"),
    ("upload uploads uploaded", "download downloads downloaded"),
    ("install installs installed installing", "uninstall uninstalls uninstalled uninstalling"),
    ("activate activates activated", "deactivate deactivates deactivated"),
    ("include includes included including", "exclude excludes excluded excluding"),
    ("lock locks locked", "unlock unlocks unlocked"),
    ("free", "paid"),
    ("start starts started starting", "stop stops stopped stopping"),
    ("add adds added adding", "remove removes removed removing"),
    ("open opens opened opening", "close closes closed closing"),
    ("import imports imported importing", "export exports exported exporting"),
    ("encrypt encrypts encrypted encrypting", "decrypt decrypts decrypted decrypting"),
    ("accept accepts accepted accepting", "reject rejects rejected rejecting decline declines declined"),
    ("grant grants granted granting", "revoke revokes revoked revoking"),
    ("show shows shown showing", "hide hides hidden hiding"),
    ("öffnen öffne öffnet", "schließen schließe schließt"),
    ("starten starte startet", "stoppen stoppe stoppt"),
    ("hinzufügen", "entfernen entferne entfernt"),
    ("importieren importiere importiert", "exportieren exportiere exportiert"),
    ("ouvrir ouvrez ouvert", "fermer fermez fermé"),
    ("ajouter ajoutez ajouté", "supprimer supprimez supprimé"),
    ("abrir abra abierto", "cerrar cierre cerrado"),
    ("aktivieren aktiviere aktiviert", "deaktivieren deaktiviere deaktiviert"),
    ("vor", "nach"),
    ("avant", "après"),
    ("activer activez activé", "désactiver désactivez désactivé"),
    ("antes", "después"),
    ("activar active activado", "desactivar desactive desactivado"),
    ("启用", "禁用"),
    ("之前 以前", "之后 以后"),
    ("有効", "無効"),
    ("オン", "オフ"),
)
_SIDES = {
    word: (number, side) for number, pair in enumerate(_OPPOSITES) for side, words in enumerate(pair) for word in words.split()
}  # fmt: skip
_SYSTEM = (
    "windows|linux|macos|mac|android|ios|iphone|ipad|ubuntu|debian|fedora|centos|opensuse|freebsd|chromeos|chromebook"
)
_WORD = re.compile(r"[^\W\d_]+")
# A word of Katakana ends where its letters do: there is one for "on" in the one for "online".
_KATAKANA = "[\u30a1-\u30ff]"
_UNSPACED = re.compile(
    "|".join(
        rf"(?<!{_KATAKANA}){word}(?!{_KATAKANA})" if re.fullmatch(f"{_KATAKANA}+", word) else word
        for word in _SIDES
        if word > "\u3000"
    )
)
_SYSTEMS = frozenset(_SYSTEM.split("|"))


class Told(NamedTuple):
    """What of a text must agree with another's: facts and signs in order, words with an opposite, systems."""

    facts: tuple[str, ...]
    signs: str
    sided: tuple[tuple[int, int], ...]
    systems: frozenset[str]

    def agrees(self, other: Told) -> bool:
        """Tell whether a text with these may say the same as one with the others."""
        if self == other:
            return True
        if self.facts != other.facts or self.signs != other.signs:
            return False
        if self.systems - other.systems and other.systems - self.systems:
            return False
        return not _reversed(self.sided, other.sided)


def told(texts: pa.Array) -> list[Told]:
    """Return what texts tell that must agree."""
    lowered = composed(texts)
    return [_told(*pair) for pair in zip(lowered.to_pylist(), signs(lowered).to_pylist(), strict=True)]


def _told(text: str, marks: str) -> Told:
    words = _WORD.findall(text)
    sided = [_SIDES[word] for word in words if word in _SIDES]
    if not text.isascii():
        sided += [_SIDES[found] for found in _UNSPACED.findall(text)]
    return Told(facts(text, words), marks, tuple(sided), _SYSTEMS.intersection(words))


def _reversed(left: tuple[tuple[int, int], ...], right: tuple[tuple[int, int], ...]) -> bool:
    """Tell whether one text has a word where the other has its opposite, or both have them in another order."""
    more, fewer = Counter(left), Counter(right)
    if more == fewer:
        return left != right
    here, there = more - fewer, fewer - more
    return any((number, 1 - side) in there for number, side in here)
