"""The expectations that one row alone must meet; each has a reason of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.prepare.deduplicate.keys import Forms
from pipeline.prepare.looks import matching
from pipeline.prepare.quality.poisoning import ORDER

BROKEN = "broken"
"""The origin (`source_kind`) of what a file holds in a row's place and is none."""
NO_ROW = "no row with a question and an answer"
EMPTY_QUESTION = "the question is empty or too short"
EMPTY_ANSWER = "the answer is empty or too short"
LONG_ANSWER = "the answer is too long"
LANGUAGE = "the language is not wanted"
ECHO = "the answer only repeats the question"
LEAK = "the question holds the whole answer"
LEAST_LEAK = 20
"""Characters from which an answer inside a question is no accident ("yes")."""
# Orders to a model have no place in a customer's question or a company's answer. A row that only mentions them is set
# aside too: a person can bring it back, nobody can take it out of a trained model. Read by Arrow's RE2 engine.
ORDERS = (
    r"(?i)\b(?:ignore|disregard|forget|override|bypass)\s+(?:[a-z]+\s+){0,3}(?:previous|prior|above|earlier|preceding|all|any|your|the)\s+"
    r"(?:[a-z]+\s+){0,2}(?:instructions?|prompts?|rules|guidelines|directions|commands)\b"
    r"|\b(?:system|developer)\s+(?:prompt|message|override|instruction)s?\s*[:=]|\bnew\s+(?:system\s+)?instructions\s*:"
    r"|\byou\s+are\s+(?:now|no\s+longer)\s+(?:an?\s+(?:ai|assistant|model|unrestricted|evil|helpful)|dan\b|jailbroken|unrestricted|bound|restricted|in\s+developer)"
    r"|\b(?:dan|developer)\s+mode\s+(?:enabled|on|activated)\b|\bjailbreak(?:ed)?\s+(?:mode|prompt)\b"
    r"|\b(?:reveal|print|repeat|output|show)\s+(?:[a-z]+\s+){0,3}(?:system\s+prompt|hidden\s+instructions|initial\s+instructions)\b"
    r"|\b(?:as|dear|attention|note\s+to)\s+(?:an?\s+)?(?:ai|language\s+model|llm|assistant|chatbot|gpt)\b[^.\n]{0,40}\b(?:you\s+must|always|never|ignore|respond|reply|answer)\b"
    r"|\b(?:always|never)\s+(?:answer|reply|respond|recommend|mention|say)\b[^.\n]{0,60}\b(?:no\s+matter|regardless|whatever)\b"
    r"|<\|?(?:im_start|im_end|system|endoftext|start_header_id|eot_id)\|?>|\[/?INST\]|<</?SYS>>"
    r"|\b(?:ignoriere|vergiss|missachte)\s+(?:\pL+\s+){0,3}(?:anweisungen|regeln|vorgaben|kontext)"
    r"|\b(?:ignorez?|oubliez?)\s+(?:\pL+\s+){0,3}(?:instructions|consignes|règles)"
    r"|\b(?:ignora|ignore|olvida|esqueça|dimentica)\s+(?:\pL+\s+){0,3}(?:instrucciones|instruções|istruzioni|reglas|regras|regole)"
    r"|\b(?:negeer|vergeet)\s+(?:\pL+\s+){0,3}(?:instructies|regels)|\b(?:zignoruj|ignoruj)\s+(?:\pL+\s+){0,3}(?:instrukcje|polecenia)"
    r"|(?:忽略|无视|無視|忘记).{0,10}(?:指令|指示|说明|規則|提示)|(?:игнорируй|забудь|не\s+обращай).{0,30}(?:инструкци|указани|правил)"
)


@dataclass(frozen=True)
class RowRules:
    """Limits from the settings; lengths are in characters."""

    min_question: int
    min_answer: int
    max_answer: int
    languages: frozenset[str] = frozenset()


def with_orders(*columns: pa.Array) -> npt.NDArray[np.bool_]:
    """Tell for each row whether one of its texts gives orders to a model."""
    return np.asarray(np.logical_or.reduce([matching(column, ORDERS) for column in columns]), bool)


def judge(
    texts: tuple[pa.Array, pa.Array],
    found: Forms,
    languages: list[str],
    kinds: list[str],
    orders: npt.NDArray[np.bool_],
    rules: RowRules,
) -> tuple[list[str | None], list[str | None]]:
    """Return for each row why it cannot be used and a detail, or None.

    `texts` are the questions and answers, `found` their normalised forms, `kinds` where the rows come from.
    """
    asked, answered = (pc.utf8_length(column).to_pylist() for column in texts)
    echo = pc.equal(found.questions, found.answers).to_pylist()
    reasons: list[str | None] = []
    details: list[str | None] = []
    rows = zip(
        asked, answered, found.questions.to_pylist(), found.answers.to_pylist(), echo, languages, kinds, strict=True
    )
    for place, (question, answer, question_form, answer_form, same, language, kind) in enumerate(rows):
        checks = (
            (kind == BROKEN, NO_ROW, None),
            (question < rules.min_question, EMPTY_QUESTION, f"{question} characters"),
            (answer < rules.min_answer, EMPTY_ANSWER, f"{answer} characters"),
            (answer > rules.max_answer, LONG_ANSWER, f"{answer} characters"),
            (bool(rules.languages) and language not in rules.languages, LANGUAGE, language),
            (same and bool(answer_form), ECHO, None),
            (len(answer_form) >= LEAST_LEAK and answer_form in question_form, LEAK, None),
            (bool(orders[place]), ORDER, None),
        )
        reason, detail = next(((reason, detail) for wrong, reason, detail in checks if wrong), (None, None))
        reasons.append(reason)
        details.append(detail)
    return reasons, details
