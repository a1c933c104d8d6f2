"""Which of the Latin encodings of Windows bytes are in, by the accented letters that languages use."""

from __future__ import annotations

from collections import Counter

_ALPHABETS = {
    "cp1252": (
        "äöüß", "àâæçéèêëîïôœùûüÿ", "áéíóúüñ¿¡ºª", "áâãàçéêíóôõúü", "àèéìîíòóùú", "åäöæøéüàô", "áéíóúýþæöð",
        "éëïèöüáóí", "àçéèíïóòúü", "äöõüšž",
    ),
    "cp1250": ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćđšž"),
    "cp1254": ("çğıiöşüâîû",),
    "cp1257": ("ąčęėįšųūž", "āčēģīķļņšūž"),
}  # fmt: skip
_SIGNS = frozenset("“”„‚‘’–—…«»‹›€§°·•®©™×\xa0´\ufffd")
MIN_SHARE, MIN_GAIN = 0.9, 0.1
"""Another region than the Western one must know so many of the letters, and so many more than any Western language."""


def region_of(sample: bytes) -> str:
    """Return cp1252, or another one of these encodings when bytes read in it use the letters of one language."""
    shares = {name: _best_share(sample, name) for name in _ALPHABETS}
    best = max(shares, key=lambda name: (shares[name], name == "cp1252"))
    return best if shares[best] >= max(MIN_SHARE, shares["cp1252"] + MIN_GAIN) else "cp1252"


def _best_share(sample: bytes, encoding: str) -> float:
    """Return the largest share of the characters beyond ASCII that the alphabet of one language holds."""
    text = sample.decode(encoding, "replace").lower()
    counts = Counter(char for char in text if not char.isascii() and char not in _SIGNS)
    whole = max(1, counts.total())
    return max(sum(counts[char] for char in alphabet) for alphabet in _ALPHABETS[encoding]) / whole
