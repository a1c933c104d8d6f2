# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Passwords, keys and tokens that people paste into tickets: whoever reads the model could use them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.prepare.privacy.recogniser import Recogniser, Span

# The prefixes are those that the issuers publish so that secrets can be found.
_TOKEN = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_\w{22,}\b|\bglpat-[\w-]{20,}|\bhf_[A-Za-z0-9]{30,}\b"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bsk-[A-Za-z0-9_-]{20,}|\bsk_live_[A-Za-z0-9]{20,}\b|\bAIza[\w-]{35}\b|\bATATT[\w=-]{20,}"
    r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
_STATED = re.compile(
    r"\b(?:my|the|his|her|our|new|current|old|temporary|admin)\s+(?:password|passcode|pin|passwort|mot de passe|contraseña)\s+"
    r"(?:is|was|=|ist|war|est|es|:)\s*[\"'`]?(?=\S*\d)(\S{4,64}?)[\"'`]?(?=[\s,;.]|$)",
    re.IGNORECASE,
)


class SecretRecogniser(Recogniser):
    """Credentials by their published prefixes, and passwords that someone states to be theirs."""

    entity = "SECRET"
    guard = (
        r"AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|hf_|xox|sk-|sk_live_|AIza|ATATT|eyJ|PRIVATE KEY"
        r"|(?i:my|the|his|her|our|new|current|old|temporary|admin)\s+(?i:passw|passcode|pin\b|contraseña|mot de passe)"
    )
    in_code = True

    def find(self, text: str) -> Iterator[Span]:
        """Yield credentials."""
        for found in _TOKEN.finditer(text):
            yield Span(found.start(), found.end(), 0.98)
        for found in _STATED.finditer(text):
            yield Span(found.start(1), found.end(1), 0.8)
