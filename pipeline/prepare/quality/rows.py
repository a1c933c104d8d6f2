"""The expectations that one row alone must meet; each has a reason of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.records import question_key

EMPTY_QUESTION = "the question is empty or too short"
EMPTY_ANSWER = "the answer is empty or too short"
LONG_ANSWER = "the answer is too long"
LANGUAGE = "the language is not wanted"
ECHO = "the answer only repeats the question"
LEAK = "the question holds the whole answer"
ORDERS = "possible poisoning: an instruction aimed at the model"
# Instructions to a model have no place in a customer's question or a company's answer. A row that only mentions them is
# set aside too: a person can bring it back, nobody can take it out of a trained model.
INSTRUCTION = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b[^.\n]{0,40}\b(?:previous|above|prior|earlier|all|your|any)\b[^.\n]{0,30}"
    r"\b(?:instructions?|prompts?|rules|directions|guidelines)\b"
    r"|\byou are now\b[^.\n]{0,40}\b(?:dan|jailbroken|unrestricted|developer mode)\b"
    r"|<\|(?:im_start|im_end|system|endoftext)\|>|\[/?INST\]|<<SYS>>"
    r"|\b(?:reveal|print|repeat)\b[^.\n]{0,30}\b(?:system prompt|hidden instructions)\b",
    re.IGNORECASE,
)
LEAST_LEAK = 20


@dataclass(frozen=True)
class RowRules:
    """Limits from the settings; lengths are in characters."""

    min_question: int
    min_answer: int
    max_answer: int
    languages: frozenset[str]


def judge(
    question: str, answer: str, context: str | None, language: str, rules: RowRules
) -> tuple[str | None, str | None]:
    """Return why a row cannot be used, with a detail, or two Nones."""
    answer_key, asked = question_key(answer), question_key(question)
    checks = (
        (len(question) < rules.min_question, EMPTY_QUESTION, f"{len(question)} characters"),
        (len(answer.strip()) < rules.min_answer, EMPTY_ANSWER, f"{len(answer)} characters"),
        (len(answer) > rules.max_answer, LONG_ANSWER, f"{len(answer)} characters"),
        (bool(rules.languages) and language not in rules.languages, LANGUAGE, language),
        (bool(answer_key) and answer_key == asked, ECHO, None),
        (len(answer_key) >= LEAST_LEAK and answer_key in asked, LEAK, None),
        (any(INSTRUCTION.search(text) for text in (question, answer, context or "")), ORDERS, None),
    )
    return next(((reason, detail) for wrong, reason, detail in checks if wrong), (None, None))
