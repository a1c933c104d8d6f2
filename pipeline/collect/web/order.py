"""Finding what comes before or after an element in page order, in logarithmic time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping

from pipeline.collect.web.model import Element


class Marks:
    """Some elements of a page in page order."""

    def __init__(self, elements: Iterable[Element], order: Mapping[Element, int]) -> None:
        """`order` gives the position of every element of the page; elements that it does not know are left out."""
        self._order = order
        self._elements = sorted({e for e in elements if e in order}, key=order.__getitem__)
        self._positions = [order[element] for element in self._elements]

    def __iter__(self) -> Iterator[Element]:
        """Walk over the marks in page order."""
        return iter(self._elements)

    def after(self, element: Element) -> Element | None:
        """Return the first mark behind an element and all that it holds."""
        last = element
        while len(last):
            last = last[-1]
        place = bisect_right(self._positions, self._order[last])
        return self._elements[place] if place < len(self._elements) else None

    def before(self, element: Element) -> Element | None:
        """Return the last mark in front of an element that does not hold it."""
        place = bisect_left(self._positions, self._order[element])
        around = set(element.iterancestors())
        while place > 0:
            place -= 1
            if self._elements[place] not in around:
                return self._elements[place]
        return None
