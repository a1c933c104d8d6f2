"""The words of many texts at once, as numbers: the aggressive form in which texts are compared, never shown.

Compatibility forms, case, spacing and punctuation fall away; `C++`, `C#` and `3.11` stay words of their own, and
scripts that put no blanks between words count by character.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

_UNSPACED = r"(\p{Han}|\p{Hiragana}|\p{Katakana}|\p{Thai}|\p{Lao}|\p{Khmer}|\p{Myanmar})"
_BETWEEN = r"[^\p{L}\p{M}\p{N}+#. ]+"
_LOOSE_DOTS = r"\.+(?:[^\p{L}\p{M}\p{N}]|$)"
_PARTS_WORDS = np.array(
    [ord(" ") if n < 128 and not (chr(n).isalnum() or chr(n) in "+#.") else n for n in range(256)], np.uint8
)
"""What becomes of each byte: signs of ASCII part words; bytes of other characters stay what they are."""
# A trade mark would become two letters of the word before it; selectors and keycaps, which count as marks, a word.
_OF_NO_WORD = r"[\x{2122}\x{fe0e}\x{fe0f}\x{20e3}]"
_MIX = np.uint64(0x9E3779B97F4A7C15)


class Ragged(NamedTuple):
    """Numbers of many texts one after the other; text n has `values[starts[n]:starts[n + 1]]`."""

    values: Hashes
    starts: Places

    def lengths(self) -> Places:
        """Return how many numbers each text has."""
        return np.diff(self.starts)

    def take(self, places: Places) -> Ragged:
        """Return the numbers of some texts, in the order of `places`; a text may stand there more than once."""
        lengths = self.lengths()[places]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        flat = np.arange(starts[-1]) + np.repeat(self.starts[:-1][places] - starts[:-1], lengths)
        return Ragged(self.values[flat], starts)

    def followed_by(self, other: Ragged) -> Ragged:
        """Return the numbers of each text with those of the same text of `other` behind them."""
        values = np.empty(len(self.values) + len(other.values), np.uint64)
        values[np.arange(len(self.values)) + np.repeat(other.starts[:-1], self.lengths())] = self.values
        values[np.arange(len(other.values)) + np.repeat(self.starts[1:], other.lengths())] = other.values
        return Ragged(values, self.starts + other.starts)


def composed(texts: pa.Array) -> pa.Array:
    """Return texts in lower case and in compatibility forms, with all their signs; nulls as empty texts."""
    texts = pc.fill_null(texts, "")
    if pc.any(pc.match_substring_regex(texts, _OF_NO_WORD)).as_py():
        texts = pc.replace_substring_regex(texts, _OF_NO_WORD, "")
    return pc.utf8_lower(pc.utf8_normalize(texts, form="NFKC"))


def normalised(texts: pa.Array) -> pa.Array:
    """Return texts in the form in which they are compared, words parted by one blank; nulls as empty texts."""
    return words_only(composed(texts))


def words_only(lowered: pa.Array) -> pa.Array:
    """Return composed texts without what parts their words, which are parted by one blank.

    Dots stay inside a word and before it (`3.11`, `.net`, at the start of a text too), not behind it. Most of what
    parts words is ASCII and is replaced byte by byte, so that patterns have only the rest to find.
    """
    if isinstance(lowered, pa.ChunkedArray):
        lowered = lowered.combine_chunks()
    beyond = pc.invert(pc.string_is_ascii(lowered))
    unspaced = pc.and_(beyond, pc.match_substring_regex(lowered, _UNSPACED))
    spaced = _replaced(lowered, unspaced, _UNSPACED, r" \1 ")
    parted = _replaced(_blanked(spaced.cast(pa.string())), beyond, _BETWEEN, " ")
    parted = pc.ascii_rtrim(pc.replace_substring(parted, ". ", " "), characters=" .")
    parted = _replaced(parted, pc.match_substring_regex(parted, _LOOSE_DOTS), _LOOSE_DOTS, " ")
    return pc.binary_join(pc.ascii_split_whitespace(pc.ascii_trim(parted, characters=" ")), " ")


def _blanked(texts: pa.Array) -> pa.Array:
    """Return texts with a blank for each sign of ASCII that parts words."""
    valid, offsets, data = texts.buffers()
    if data is None:
        return texts
    blanked = pa.py_buffer(_PARTS_WORDS[np.frombuffer(data, np.uint8)])
    return pa.StringArray.from_buffers(len(texts), offsets, blanked, valid, offset=texts.offset)


def _replaced(texts: pa.Array, mask: pa.Array, pattern: str, by: str) -> pa.Array:
    """Return texts with a pattern replaced in those that a mask names."""
    if not pc.any(mask).as_py():
        return texts
    return pc.replace_with_mask(texts, mask, pc.replace_substring_regex(texts.filter(mask), pattern, by))


def words(forms: pa.Array) -> Ragged:
    """Return a 64-bit hash of every word of every text, from the texts' normalised forms."""
    parts = pc.split_pattern(forms, " ")
    if isinstance(parts, pa.ChunkedArray):
        parts = parts.combine_chunks()
    flat = parts.flatten()
    starts = parts.offsets.to_numpy().astype(np.int64)
    starts = starts - starts[0]
    kept = pc.not_equal(flat, "").to_numpy(zero_copy_only=False)
    before = np.concatenate([[0], np.cumsum(kept)])
    encoded = pc.filter(flat, pa.array(kept)).dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    hashes = text_hashes(encoded.dictionary)
    return Ragged(hashes[encoded.indices.to_numpy()] if len(encoded) else hashes, before[starts])


def text_hashes(texts: pa.Array) -> Hashes:
    """Return a 64-bit hash of each whole text, the same on every machine."""
    from pandas.util import hash_array

    values = np.array(texts.to_pylist(), dtype=object)
    if not len(values):
        return np.zeros(0, np.uint64)
    return np.asarray(hash_array(values, categorize=False), np.uint64)


def shingles(found: Ragged, width: int) -> Ragged:
    """Return the set of runs of `width` words of each text; a shorter text is one run.

    Each text's runs are sorted and each stands once.
    """
    lengths = found.lengths()
    runs = np.where(lengths > 0, np.maximum(lengths - width + 1, 1), 0)
    text = np.repeat(np.arange(len(runs)), runs)
    starts = np.concatenate([[0], np.cumsum(runs)])
    first = np.arange(len(text)) - starts[text] + found.starts[:-1][text]
    end = found.starts[1:][text]
    mixed = np.zeros(len(text), np.uint64)
    with np.errstate(over="ignore"):
        for step in range(width):
            place = first + step
            inside = place < end
            value = np.where(
                inside, found.values[np.minimum(place, max(len(found.values) - 1, 0))], np.uint64(step + 1)
            )
            mixed = (mixed ^ value) * _MIX
            mixed ^= mixed >> np.uint64(29)
    return _unique(text, mixed, len(runs))


def _unique(text: Places, values: Hashes, texts: int) -> Ragged:
    order = np.argsort(values)
    # numbers of 16 bits are sorted by radix, and equal values of one text need no order among them
    order = order[np.argsort(text[order].astype(np.uint16 if texts < 1 << 16 else np.int64), kind="stable")]
    text, values = text[order], values[order]
    first = np.ones(len(values), bool)
    first[1:] = (text[1:] != text[:-1]) | (values[1:] != values[:-1])
    counts = np.bincount(text[first], minlength=texts)
    return Ragged(values[first], np.concatenate([[0], np.cumsum(counts)]))
