# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""All cleaning steps in their order, for one text and for a column of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.prepare.cleaning import characters, entities, links, markup, segments, whitespace
from pipeline.prepare.cleaning.addresses import is_short
from pipeline.prepare.cleaning.bbcode import without_bbcode
from pipeline.prepare.cleaning.boilerplate import without_boilerplate, without_marked_signature
from pipeline.prepare.cleaning.contractions import expanded
from pipeline.prepare.cleaning.elements import with_escaped_as_code
from pipeline.prepare.looks import matching

ROUNDS = 8
# One look by Arrow's RE2 engine (about 1 ns a character) finds the texts that any step could change. Whatever a step
# below looks for must be in here: tests/prepare/test_clean.py holds both together. It has no ranges of counts, with which
# RE2 takes thirty times as long (see `looks`): more than it costs to clean a few more texts in vain.
SUSPECT = (
    r"[\x00-\x08\x0b-\x1f\x7f]|[^\x00-\x7f]|&[#A-Za-z]|<[A-Za-z/!?]|\]\(|\n\n\n|[ \t]{2}|\t|[ ]\n|\n[ ]|^\s|\s$|`|\[edit\]|\[/[A-Za-z]"
    r"|\n(?:--|[^\n]*(?i:this|found|top|skip to|share|permalink|edit|cop|more|less|previous|next |adverti|sponsored"
    r"|cookie|rights|hilfreich|oben|utile|haut|arriba|sent from|outlook|gesendet|reply|___|torna |ao topo|nuttig|handig|naar boven|[0-9] comm?ent|[0-9] kommentar|related (?:art|que)|confidential|vertraulich|subject:|betreff:|objet ?:|asunto:|oggetto:|assunto:|onderwerp:|temat:))|wrote:|schrieb|schreef|escreveu:|scritto:|---"
    r"|^[^\n]*(?i:this|found|top|skip to|share|permalink|edit|cop|more|less|previous|next |adverti|sponsored|cookie"
    r"|rights|hilfreich|oben|utile|haut|arriba|sent from|outlook|gesendet|reply|___|torna |ao topo|nuttig|handig|naar boven|[0-9] comm?ent|[0-9] kommentar|related (?:art|que)|confidential|vertraulich|subject:|betreff:|objet ?:|asunto:|oggetto:|assunto:|onderwerp:|temat:)[^\n]*\n"
)
_CONTRACTED = r"['’ʼ]"


@dataclass(frozen=True)
class Cleaner:
    """The cleaning steps, with contractions in full as an option."""

    expand_contractions: bool = False

    def text(self, text: str) -> str:
        """Return a text of several paragraphs cleaned. Cleaning it again changes nothing.

        A step can bring out what an earlier one deals with (an entity that was escaped twice becomes a tag), so the
        steps are repeated until nothing changes; that is the second round for nearly every text.
        """
        for _ in range(ROUNDS):
            cleaned = self._once(text)
            if cleaned == text:
                break
            text = cleaned
        return text

    def line(self, text: str) -> str:
        """Return a question cleaned: one line, whatever line ends it had, but for blocks of code in it."""
        for _ in range(ROUNDS):
            cleaned = self._line_once(text)
            if cleaned == text:
                break
            text = cleaned
        return text

    def column(self, values: pa.Array, *, one_line: bool = False) -> pa.Array:
        """Return a column of texts cleaned; nulls stay. Only texts that something could be changed in are touched."""
        once = self._line_once if one_line else self._once
        made: dict[int, str] = {}
        places, texts = np.arange(len(values)), values
        for _ in range(ROUNDS):
            left = np.flatnonzero(self._suspect(texts, one_line))
            open_ = zip(places[left].tolist(), texts.take(pa.array(left)).to_pylist(), strict=True)
            changed = {place: text for place, old in open_ if (text := once(old)) != old}
            if not changed:
                break
            made |= changed
            places, texts = np.array(list(changed)), pa.array(changed.values(), pa.string())
        if not made:
            return values
        mask = np.zeros(len(values), bool)
        mask[list(made)] = True
        return pc.replace_with_mask(values, pa.array(mask), pa.array([made[n] for n in sorted(made)], pa.string()))

    def _suspect(self, values: pa.Array, one_line: bool) -> npt.NDArray[np.bool_]:
        pattern = f"{SUSPECT}|{_CONTRACTED}" if self.expand_contractions else SUSPECT
        return matching(values, rf"{pattern}|\n" if one_line else pattern)

    def _line_once(self, text: str) -> str:
        return whitespace.one_line(self._once(text))

    def _once(self, text: str) -> str:
        if not text.isascii():
            text = characters.mended(text)
        text = characters.line_ends(text)
        text = characters.without_controls(text)
        if not text.isascii():
            text = characters.without_invisible(text)
        text = _edges(text)
        if "&lt;/" in text:
            text = segments.in_prose(text, with_escaped_as_code)
        text = entities.unwrapped(text)
        text = without_bbcode(text)
        short = ("](" in text or "<" in text) and is_short(text)
        if markup.might_have_markup(text):
            pieces = segments.joined(segments.split(text), lambda code: "<" not in code and "\n" not in code)
            text = "".join(piece if is_code else markup.without_markup(piece, short) for piece, is_code in pieces)
        if "](" in text or "<" in text:
            text = segments.in_prose(text, partial(links.without_links, short=short))
        if "\n-- \n" in text:
            text = without_marked_signature(text)
        text = segments.in_prose(text, self._prose)
        return _edges(without_boilerplate(text))

    def _prose(self, text: str) -> str:
        decoded = entities.decoded(text)
        if decoded != text:
            text = markup.tags_as_code(decoded)
        if not text.isascii():
            text = characters.composed(characters.with_plain_quotes(characters.with_plain_blanks(text)))
        text = whitespace.collapsed(text)
        return expanded(text) if self.expand_contractions else text


def _edges(text: str) -> str:
    """Drop empty lines around the text, but not the indentation of code at its start."""
    text = text.rstrip().lstrip("\n")
    body = text.lstrip()
    if len(text) != len(body):
        first = segments.split(text)[:1]
        if not (first and first[0][1]) or body.startswith(("```", "~~~", "`")):
            return body
    return text
