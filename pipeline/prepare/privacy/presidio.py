"""Importing Presidio without what it does not need here.

Presidio's package imports torch and transformers when they are installed, for recognisers that are not used here: 5 s
of processor time and 340 MB in every Spark worker (measured), against 1 s without. Nothing is loaded from the network:
the recognisers are this project's own, the language engine does nothing, and tldextract is never asked.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_UNUSED = ("torch", "transformers")


@contextmanager
def _hidden(*modules: str) -> Iterator[None]:
    absent = [name for name in modules if name not in sys.modules]
    for name in absent:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


with _hidden(*_UNUSED):
    from presidio_analyzer import AnalyzerEngine, LocalRecognizer, RecognizerRegistry, RecognizerResult
    from presidio_analyzer.nlp_engine import NoOpNlpEngine

__all__ = ["AnalyzerEngine", "LocalRecognizer", "NoOpNlpEngine", "RecognizerRegistry", "RecognizerResult"]
