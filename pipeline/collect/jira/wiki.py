"""Jira Server's wiki markup as Markdown-like text.

The notation is that of https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all.
"""

from __future__ import annotations

import re

from pipeline.collect.jira.marks import raised, struck

_BLOCK = re.compile(r"\{(code|noformat)(?::[^{}\n]{0,200})?\}(.*?)\{\1\}", re.S)
_MONO = re.compile(r"\{\{(.+?)\}\}")
_LINK = re.compile(r"\[(?:([^\[\]|\n]{1,500})\|)?([^\[\]|\n]{1,2000})(?:\|[^\[\]\n]{0,200})?\]")
_IMAGE = re.compile(r"(?<!\w)!([^!\s|][^!|\n]{0,300}?)(?:\|([^!\n]{0,300}))?!(?!\w)")
_MACRO = re.compile(
    r"\{(?:color|quote|panel|expand|anchor|info|tip|note|warning|section|column|jira|toc)(?::[^{}\n]{0,300})?\}"
)
_TITLE = re.compile(r"title=([^|}]+)")
_QUOTE = re.compile(r"\{quote\}(.*?)\{quote\}", re.S)
_HEADING = re.compile(r"^h[1-6]\.\s+", re.M)
_BQ = re.compile(r"^bq\.\s+", re.M)
_RULE = re.compile(r"^-{4,}\s*$", re.M)
_LIST = re.compile(r"^\s*([*#-]{1,10})\s+(.*)$")
_BRACED = re.compile(r"\{([*_+^~-])\}")
"""How the visual editor writes a mark beside a letter or digit, where the bare sign would be none."""
_EMPHASIS = re.compile(
    r"(?:\x01|(?<![\w\\*_+^~-]))([*_+^~-]|\?\?)(?=\S)([^\n]{1,500}?)(?:\x01\1|(?<=[^\s\\\x01])\1(?!\w))"
)
_MAX_NESTED = 4
_DASHES = re.compile(r"(?<= )--(?:-)?(?= )")
_ESCAPE = re.compile(r"\\([*_+^~\-?{}\[\]|!#\\])")
_FILE = re.compile(r"\.(?:png|jpe?g|gif|bmp|svg|webp)$", re.I)
_SCHEME = re.compile(r"^(?:https?|ftp|mailto|file):", re.I)


def wiki_text(markup: object) -> str:
    """Return the text of wiki markup: fenced code, `- ` and `1. ` lists, pipe tables, links with their address.

    Anything that is not text gives nothing.
    """
    if not isinstance(markup, str):
        return ""
    held: list[str] = []
    text = markup.replace("\r\n", "\n").replace("\r", "\n").translate({0: None, 1: None})
    text = _BLOCK.sub(lambda found: _hold(held, _fenced(found[2])), text)
    text = _MONO.sub(lambda found: _hold(held, f"`{found[1]}`"), text)
    text = _ESCAPE.sub(lambda found: _hold(held, found[1]), text.replace("\\\\", "\n"))
    text = _BRACED.sub("\x01\\1", text)
    text = _QUOTE.sub(lambda found: _quoted(found[1]), text)
    text = _MACRO.sub(_macro, text)
    text = _LINK.sub(lambda found: _hold(held, _link(found[1], found[2])), text)
    text = _IMAGE.sub(lambda found: _image(found), text)
    text = _BQ.sub("> ", _HEADING.sub("", _RULE.sub("", text)))
    text = _emphasised(_DASHES.sub("–", text))
    text = _tables(_lists(text))
    return re.sub(r"\n{3,}", "\n\n", _release(held, text)).strip("\n")


def _emphasised(text: str, depth: int = 0) -> str:
    """Return text without the marks that only stress it; signs in braces that mark nothing stay as they were."""
    if depth < _MAX_NESTED:
        text = _EMPHASIS.sub(lambda found: _marked(found, depth + 1), text)
    return text if depth else re.sub("\x01(.)", r"{\1}", text)


def _marked(found: re.Match[str], depth: int) -> str:
    sign, inner = found[1], found[2]
    if sign == "-" and "-" in (inner[0], inner[-1]):
        return found[0]
    inner = _emphasised(inner, depth)
    if sign == "^":
        return raised(inner, found.string[: found.start()][-1:])
    return struck(inner) if sign == "-" else inner


def _hold(held: list[str], text: str) -> str:
    """Put text out of the reach of the rules that follow."""
    held.append(text)
    return f"\0{len(held) - 1}\0"


def _release(held: list[str], text: str) -> str:
    pattern = re.compile("\0(\\d+)\0")
    for _ in range(3):
        text = pattern.sub(lambda found: held[int(found[1])], text)
    return text


def _fenced(code: str) -> str:
    body = code.strip("\n")
    fence = "````" if "```" in body else "```"
    return f"\n{fence}\n{body}\n{fence}\n" if body.strip() else ""


def _quoted(text: str) -> str:
    return "\n" + "\n".join(f"> {line}".rstrip() for line in text.strip("\n").split("\n")) + "\n"


def _macro(found: re.Match[str]) -> str:
    title = _TITLE.search(found[0])
    return f"{title[1].strip()}\n" if title else ""


def _link(label: str | None, target: str) -> str:
    target, label = target.strip(), _emphasised(label) if label else label
    if target.startswith("~"):
        return f"@{target[1:]}"
    if target.startswith("^"):
        return f"[{target[1:]}]"
    address = target.removeprefix("mailto:")
    if not _SCHEME.match(target):
        # [text] alone is more often a word in brackets than a link
        return label or (target.lstrip("#") if target.startswith("#") else f"[{target}]")
    if not label or label.strip().rstrip("/") in (address.rstrip("/"), address.split("://", 1)[-1].rstrip("/")):
        return address
    return f"{label.strip()} ({address})"


def _image(found: re.Match[str]) -> str:
    name, options = found[1], found[2] or ""
    if not _FILE.search(name) and "width=" not in options and "thumbnail" not in options:
        return found[0]
    alt = re.search(r"(?:alt|title)=([^,|]+)", options)
    return f"[{alt[1].strip()}]" if alt else ""


def _lists(text: str) -> str:
    """Turn `**` and `##` into indented `- ` and numbered items; numbers restart when their list ends."""
    lines: list[str] = []
    counters: list[int] = []
    for line in text.split("\n"):
        found = _LIST.match(line)
        if not found or found[1] == "--":
            if line.strip():
                counters = []
            lines.append(line)
            continue
        depth, sign = len(found[1]), found[1][-1]
        counters = counters[:depth] + [0] * (depth - len(counters))
        counters[-1] += 1
        mark = f"{counters[-1]}. " if sign == "#" else "- "
        lines.append("  " * (depth - 1) + mark + found[2])
    return "\n".join(lines)


def _tables(text: str) -> str:
    lines: list[str] = []
    inside = False
    for line in text.split("\n"):
        bare = line.strip()
        if not (bare.startswith("|") and len(bare) > 2):
            lines.append(line)
            inside = False
            continue
        header = bare.startswith("||")
        cells = [cell.strip() for cell in (bare.strip("|").split("||" if header else "|"))]
        lines.append("| " + " | ".join(cells) + " |")
        if header and not inside:
            lines.append("|" + " --- |" * len(cells))
        inside = True
    return "\n".join(lines)
