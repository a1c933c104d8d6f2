"""Prompt templates: how a context and a question become what a model reads, and back.

A template belongs to a model: text-to-text models read `Context: … Question: … Answer:`; instruction-tuned causal
models read the same inside their own chat turns. Whatever the texts contain, a prompt has exactly one reading: marker
words at the start of a line and the tokenizer's control tokens are escaped with a backslash, which `parse` takes away
again. So a context cannot pose as a question, end the user's turn, or speak as the system.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

from pipeline.special_tokens import begin_token, control_tokens

Architecture = Literal["causal", "seq2seq"]

INSTRUCTION = "Answer the question using only the context."
MARKERS = ("Context:", "Question:", "Answer:")
_AT_LINE_START = re.compile(rf"^(\\*)(?=(?:{'|'.join(MARKERS)}))", re.MULTILINE)
_ESCAPED = re.compile(rf"^\\(?=\\*(?:{'|'.join(MARKERS)}))", re.MULTILINE)
# Some models mark turns with plain text ([INST], ### User:) that is no special token of their tokenizer.
_TURN_MARK = re.compile(r"<[^<>\s]{1,40}>|\[/?[A-Z_]{2,}\]|#{2,} ?\w+:")
_ROLE = re.compile(r"\b[A-Z]\w*:")
# Today, for templates that tell the date: a model must be asked in the words that it was taught.
_DAY = datetime(2024, 7, 26, tzinfo=UTC)
_TODAY = re.compile(r"strftime_now\(\s*(['\"])(.*?)\1\s*\)")
_SENTINEL = "\ue000content\ue000"


@dataclass(frozen=True, slots=True)
class Sections:
    """What a prompt is made of; `context` and `answer` are None when the prompt has none."""

    context: str | None
    question: str
    answer: str | None = None


class Escaper:
    """Makes markers and control tokens inside a text harmless, and undoes it exactly."""

    def __init__(self, control_tokens: tuple[str, ...] = ()) -> None:
        """`control_tokens` are the tokenizer's special tokens, as strings."""
        known = {token for token in control_tokens if len(token) > 1}
        # What holds a shorter one is broken by its escape; escaping both could not be undone.
        shortest = (token for token in known if not any(other != token and other in token for other in known))
        tokens = sorted(shortest, key=lambda t: (-len(t), t))
        heads = "|".join(f"{re.escape(token[0])}(?=\\\\*{re.escape(token[1:])})" for token in tokens)
        self._control = re.compile(heads) if tokens else None
        undo = "|".join(f"(?<={re.escape(token[0])})\\\\(?=\\\\*{re.escape(token[1:])})" for token in tokens)
        self._undo = re.compile(undo) if tokens else None

    def escape(self, text: str) -> str:
        """Return the text with one more backslash wherever it could be read as structure."""
        text = _AT_LINE_START.sub(r"\\\1", text)
        return self._control.sub(lambda found: found[0] + "\\", text) if self._control else text

    def unescape(self, text: str) -> str:
        """Return the text that was escaped."""
        return _ESCAPED.sub("", self._undo.sub("", text) if self._undo else text)


class PromptTemplate(ABC):
    """A way to write prompts. `head` and `tail` are what stands before and after the sections."""

    name: ClassVar[str]
    version: ClassVar[int] = 1

    def __init__(self, control_tokens: tuple[str, ...] = ()) -> None:
        """Escape the control tokens of the tokenizer that will read the prompts."""
        self.escaper = Escaper(control_tokens)

    @property
    @abstractmethod
    def head(self) -> str:
        """The text before the first section."""

    @property
    @abstractmethod
    def tail(self) -> str:
        """The text between the question and the answer."""

    def parts(self, context: str | None, question: str) -> tuple[str, str, str]:
        """Return the prompt as before-context, context and after-context, so that a cut falls on the context only."""
        asked = f"Question: {self.escaper.escape(question)}{self.tail}"
        if context is None:
            return self.head, "", asked
        return f"{self.head}Context:", f" {self.escaper.escape(context)}", f"\n{asked}"

    def prompt(self, context: str | None, question: str) -> str:
        """Return what the model reads."""
        return "".join(self.parts(context, question))

    def target(self, answer: str) -> str:
        """Return what the model has to produce; the tokenizer's end token follows it as an id, not as text."""
        return self.escaper.escape(answer)

    def parse(self, prompt: str) -> Sections:
        """Recover the sections of a prompt, with or without an answer behind it.

        The exact inverse of `prompt` (and of prompt + target). Raises ValueError when the text is no prompt of this
        template.
        """
        pattern = (
            re.escape(self.head)
            + r"(?:Context: (?P<context>.*?)\n)?Question: (?P<question>.*?)"
            + re.escape(self.tail)
            + r"(?P<answer>.*)"
        )
        found = re.fullmatch(pattern, prompt, re.DOTALL)
        if found is None:
            raise ValueError(f"this is not a prompt of the template {self.name}/{self.version}")
        context, answer = found["context"], found["answer"]
        return Sections(
            context=None if context is None else self.escaper.unescape(context),
            question=self.escaper.unescape(found["question"]),
            answer=self.escaper.unescape(answer) if answer else None,
        )


class TextToTextTemplate(PromptTemplate):
    """`Context: …`, `Question: …`, `Answer:` on lines of their own: for T5 and for causal models without chat turns."""

    name = "text-to-text"

    def __init__(self, control_tokens: tuple[str, ...] = (), begin: str = "") -> None:
        """`begin` is the begin-of-text token of tokenizers that want one."""
        super().__init__(control_tokens)
        self._begin = begin

    @property
    def head(self) -> str:
        """The begin-of-text token, if any."""
        return self._begin

    @property
    def tail(self) -> str:
        """The answer's marker; text-to-text models write the answer right behind it."""
        return "\nAnswer: "


class ChatTemplate(PromptTemplate):
    """The same sections as a user's turn in the model's own chat format."""

    name = "chat"

    def __init__(self, tokenizer: Any) -> None:
        """Render the tokenizer's chat template once, around a stand-in for the user's turn."""
        self._head, self._tail = _render(tokenizer).split(_SENTINEL)
        turns = _TURN_MARK.findall(self._head + self._tail)
        # `USER: … ASSISTANT:` around the turn, but no word of a system text above it.
        roles = _ROLE.findall(f"{self._head.splitlines()[-1] if self._head else ''}\n{self._tail}")
        super().__init__((*control_tokens(tokenizer), *turns, *roles, self._tail.strip()))

    @property
    def head(self) -> str:
        """The system turn and the start of the user's turn."""
        return self._head

    @property
    def tail(self) -> str:
        """The end of the user's turn and the start of the assistant's."""
        return self._tail


def _render(tokenizer: Any) -> str:
    template = _TODAY.sub(lambda found: repr(_DAY.strftime(found[2])), tokenizer.get_chat_template())
    options = {"chat_template": template, "tokenize": False, "add_generation_prompt": True}
    system, user = {"role": "system", "content": INSTRUCTION}, {"role": "user", "content": _SENTINEL}
    for messages in ([system, user], [{"role": "user", "content": f"{INSTRUCTION}\n{_SENTINEL}"}]):
        try:
            text: str = tokenizer.apply_chat_template(messages, **options)
        except Exception as problem:  # jinja's own errors: templates without a system role raise
            failure = problem
            continue
        if text.count(_SENTINEL) == 1:
            return text
        failure = ValueError("the chat template drops or repeats the user's turn")
    raise ValueError(f"the tokenizer's chat template cannot be used: {failure}")


def template_for(tokenizer: Any, architecture: Architecture) -> PromptTemplate:
    """Return the template of a model, by its architecture and whether its tokenizer has a chat template."""
    if architecture == "causal" and getattr(tokenizer, "chat_template", None):
        return ChatTemplate(tokenizer)
    begins = architecture == "causal" and begin_token(tokenizer) is not None
    return TextToTextTemplate(control_tokens(tokenizer), tokenizer.bos_token if begins else "")
