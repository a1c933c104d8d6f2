"""The OWASP Top 10 for LLM applications, editions 2025 and 2026: ids by a name that stays the same over editions."""

from __future__ import annotations

from typing import Final

EDITIONS: Final = (2025, 2026)
RISKS: Final[dict[str, tuple[str, str, str]]] = {
    "prompt-injection": ("Prompt Injection", "LLM01", "LLM01"),
    "sensitive-information-disclosure": ("Sensitive Information Disclosure", "LLM02", "LLM02"),
    "supply-chain": ("Supply Chain", "LLM03", "LLM04"),
    "data-and-model-poisoning": ("Data and Model Poisoning", "LLM04", "LLM05"),
    "improper-output-handling": ("Improper Output Handling", "LLM05", "LLM10"),
    "excessive-agency": ("Excessive Agency", "LLM06", "LLM03"),
    "system-prompt-leakage": ("System Prompt Leakage (2026: Hidden Context Exposure)", "LLM07", "LLM08"),
    "vector-and-embedding-weaknesses": ("Vector and Embedding Weaknesses", "LLM08", "LLM09"),
    "misinformation": ("Misinformation", "LLM09", "LLM07"),
    "unbounded-consumption": ("Unbounded Consumption", "LLM10", "LLM06"),
}
"""By risk: its title, its id in the 2025 edition and its id in the 2026 edition."""


def ids(risk: str) -> tuple[str, str]:
    """Return the ids of a risk with their editions (`LLM03:2025`, `LLM04:2026`); raises KeyError for an unknown one."""
    _, first, second = RISKS[risk]
    return f"{first}:{EDITIONS[0]}", f"{second}:{EDITIONS[1]}"
