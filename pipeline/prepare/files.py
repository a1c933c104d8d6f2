"""Reading rows from files outside the lake, whatever they hold: what is no row becomes one that says so."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pyarrow as pa

from pipeline.errors import SourceError
from pipeline.prepare.quality.rows import BROKEN
from pipeline.prepare.text_files import csv_records, json_records
from pipeline.records import Row, question_id

CSV = (".csv", ".tsv")
SUFFIXES = (".json", ".jsonl", ".ndjson", *CSV, ".parquet")
NAMES = {
    "question": (
        *("question", "questions", "q", "prompt", "title", "instruction", "question_text", "faq_question"),
        *("frage", "pregunta", "domanda", "pergunta", "vraag", "pytanie", "вопрос", "питання", "soru", "ερώτηση"),
        *("otázka", "fråga", "spørgsmål", "spørsmål", "kysymys", "kérdés", "întrebare", "質問", "问题", "問題", "질문"),
    ),
    "answer": (
        *("answer", "answers", "a", "response", "output", "reply", "answer_text", "faq_answer", "completion"),
        *("antwort", "réponse", "reponse", "respuesta", "risposta", "resposta", "antwoord", "odpowiedź", "odpowiedz"),
        *("ответ", "відповідь", "cevap", "yanıt", "απάντηση", "odpověď", "svar", "vastaus", "válasz", "răspuns"),
        *("回答", "答え", "答案", "답변"),
    ),
    "context": ("context", "passage", "document", "input", "kontext", "contexte", "contexto", "contesto"),
}
"""Names that a column may have when none is given, in the order in which they are tried."""
_KNOWN = {field.name for field in fields(Row)} - {"content_hash", "collected_at", "updated_at", "tags"}


def local_files(given: Sequence[str]) -> list[Path]:
    """Return the files that were named: files, folders of files, or `file://` addresses.

    Raises SourceError for what does not exist or is of no kind that can be read.
    """
    found: list[Path] = []
    for name in given:
        place = Path(url2pathname(urlsplit(name).path)) if name.startswith("file:") else Path(name)
        inside = (
            sorted(file for file in place.rglob("*") if file.suffix.lower() in SUFFIXES) if place.is_dir() else [place]
        )
        for file in inside:
            if not file.is_file():
                raise SourceError("There is no such file", where=name, remedy=f"Give files ({', '.join(SUFFIXES)})")
            if file.suffix.lower() not in SUFFIXES:
                raise SourceError(
                    f"Files of the kind {file.suffix or '(none)'} cannot be read",
                    where=str(file),
                    remedy=f"Give {', '.join(SUFFIXES)}, or bring them in by: llmops collect parquet",
                )
        found += inside
    if not found:
        raise SourceError("There are no files here", where=", ".join(given), remedy=f"Give {', '.join(SUFFIXES)}")
    return found


def rows(files: Sequence[Path], columns: Mapping[str, str]) -> Iterator[Row]:
    """Yield a row for every line or record of the files, in order.

    `columns` names the columns of question, answer and context where they are not called so. Raises SourceError for a
    file that cannot be read at all or has no such columns.
    """
    for file in files:
        seen = datetime.fromtimestamp(int(file.stat().st_mtime), UTC)
        # Records of one file may have different columns: a context, for instance, only where there is one.
        known: dict[tuple[Any, ...], dict[str, str | None]] = {}
        for number, value in enumerate(_records(file, names_of(columns)), 1):
            names: dict[str, str | None] = {}
            if isinstance(value, dict):
                shape = tuple(value)
                names = known[shape] if shape in known else known.setdefault(shape, _columns(value, columns))
            yield _row(value, names, file, number, seen)
        _check_columns(known, file)


def names_of(columns: Mapping[str, str]) -> frozenset[str]:
    """Return every name that a column may have, in lower case."""
    return frozenset(
        name.casefold() for name in (*columns.values(), *(one for names in NAMES.values() for one in names))
    )


def _records(file: Path, names: frozenset[str]) -> Iterator[Any]:
    kind = file.suffix.lower()
    if kind == ".parquet":
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(file) as opened:
                for batch in opened.iter_batches(batch_size=4096):
                    yield from _dicts(batch)
        except (pa.ArrowException, OSError) as problem:
            raise SourceError(f"This is no readable Parquet file: {problem}", where=str(file)) from None
    else:
        yield from csv_records(file) if kind in CSV else json_records(file, names)


def _dicts(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Return the rows of a batch; a cell that Python cannot hold costs itself, not the file."""
    try:
        rows: list[dict[str, Any]] = batch.to_pylist()
    except (ValueError, OverflowError):
        cells = [[_cell(cell) for cell in column] for column in batch.columns]
        rows = [dict(zip(batch.schema.names, row, strict=True)) for row in zip(*cells, strict=True)]
    return rows


def _cell(cell: pa.Scalar) -> Any:
    try:
        return cell.as_py()
    except UnicodeDecodeError:  # writers may put any bytes in a column of texts
        return cell.as_buffer().to_pybytes()
    except (ValueError, OverflowError):  # a time before the year 1 or after 9999
        return None


def _columns(value: dict[str, Any], given: Mapping[str, str]) -> dict[str, str | None]:
    lowered: dict[str, str] = {}
    for name in value:
        lowered.setdefault(str(name).strip().casefold(), name)
    found: dict[str, str | None] = {}
    for name, usual in NAMES.items():
        wanted = (given[name],) if name in given else usual
        found[name] = next((lowered[one.casefold()] for one in wanted if one.casefold() in lowered), None)
    return found


def _check_columns(known: Mapping[tuple[Any, ...], Mapping[str, str | None]], file: Path) -> None:
    """Raise SourceError for a file of which no record has a column for the question and one for the answer."""
    if not known or any(names["question"] and names["answer"] for names in known.values()):
        return
    shape, names = next(iter(known.items()))
    missing = [name for name in ("question", "answer") if names[name] is None]
    raise SourceError(
        f"There is no column for the {' and the '.join(missing)}",
        where=f"{file}, which has {', '.join(map(repr, shape)) or 'no columns'}",
        remedy="Name it with --question and --answer",
    )


def _row(value: Any, names: Mapping[str, str | None], file: Path, number: int, seen: datetime) -> Row:
    place = f"{file.name}:{number}"
    question, answer = (_text(value, names.get(name)) for name in ("question", "answer"))
    if question is None or answer is None:
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        identity = question_id(file.stem, place, shown[:200])
        return Row(identity, question or "", answer or shown[:2000], file.stem, BROKEN, place, place, seen, seen)
    given = {name: str(item) for name, item in value.items() if name in _KNOWN and item not in (None, "")}
    given |= {"question": question, "answer": answer}
    given.pop("context", None)
    context = _text(value, names.get("context")) or None
    source, provenance = given.get("data_source", file.stem), given.get("provenance", place)
    # A line's number orders rows that were first seen at once, but is no part of an id: it changes with what is above.
    first_seen = seen + timedelta(microseconds=min(number, 999_999))
    defaults: dict[str, Any] = {
        "data_source": source,
        "source_kind": "file",
        "document_id": provenance,
        "provenance": provenance,
        "question_id": question_id(source, given.get("provenance", file.name), question),
        "collected_at": _moment(value.get("collected_at")) or first_seen,
        "updated_at": _moment(value.get("updated_at")) or seen,
        "context": context,
        "context_origin": "human" if context else None,
    }
    if context is None:
        given.pop("context_origin", None)
    return Row(**{**defaults, **given})


def _text(value: Any, name: str | None) -> str | None:
    """Return a text of a record, or None when there is none; surrogates that cannot be stored are replaced."""
    found = value.get(name) if isinstance(value, dict) and name is not None else None
    if isinstance(found, bool | int | float):
        found = str(found)
    if isinstance(found, bytes):
        return found.decode("utf-8", "replace")
    return found.encode("utf-8", "replace").decode() if isinstance(found, str) else None


def _moment(value: Any) -> datetime | None:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
