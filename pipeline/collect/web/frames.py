"""Which elements of a page look like its frame: navigation, sidebars, footers, widgets to share or to rate it."""

from __future__ import annotations

import re
from functools import lru_cache

from pipeline.collect.web.dom import HEADINGS, classes, letters, raw_text, text_of
from pipeline.collect.web.model import Element
from pipeline.collect.web.questions import MAX_QUESTION_CHARS, is_call_to_action, looks_like_question
from pipeline.collect.web.signals import is_furniture

_FRAME = ("nav", "footer", "header", "menu")
_FRAME_ROLES = {
    "navigation",
    "banner",
    "contentinfo",
    "search",
    "complementary",
    "menu",
    "menubar",
    "toolbar",
    "alertdialog",
}
_FRAME_NAMES = re.compile(
    r"(?:^|[\s_-])(?:nav(?:bar|igation|header|footer)?|menu|side-?bar|sphinxsidebar(?:wrapper)?|footer|foot"
    r"|breadcrumbs?"
    r"|toc|table-?of-?contents|tocwrapper|cookie[\w-]*|consent|share|sharing|social|related(?:-articles"
    r"|-posts)?|pagination|pager"
    r"|skip-?link|newsletter|subscribe|feedback|helpful|was-this[\w-]*|article-votes|vote[sd]?|rating"
    r"|print-?only|edit-?(?:link|page)"
    r"|catlinks|printfooter|siteSub|jump-to-nav|page-?tools|back-?to-?top|backlink"
    r"|comments?(?:-area|-form|-list|-section|-container|-wrapper)|(?:article|post|entry)-comments?|navigation-bottom"
    r"|prev-?next|rst-versions|edit-this-page"
    r"|page-metadata)(?=$|[\s_-])",
    re.IGNORECASE,
)
_SUBJECTS = re.compile(
    r"(?:^|[\s_-])(?:menu|social|shar(?:e|ing)|feedback|helpful|newsletter|subscribe|print-?only)(?=$|[\s_-])",
    re.IGNORECASE,
)
"""Of the names above, those that parts of answers have too ("menu-path", "feedback-info")."""
_SURELY = re.compile(
    r"(?:^|[\s_-])(?:nav\w*|side-?bar|footer|foot|breadcrumbs?|cookie|consent)(?=$|[\s_-])", re.IGNORECASE
)
"""Names that mean a frame even right below a question."""
_TOPIC_WORDS = r"(?:cookies?|consent|newsletters?|subscribe|feedback|social|shar(?:e|ing)|ratings?|votes?|comments?)"
_TOPICS = re.compile(rf"(?:^|(?<=[\s_-])){_TOPIC_WORDS}(?=$|[\s_-])", re.IGNORECASE)
"""Of the names above, those that questions are about."""
_CATEGORIES = re.compile(rf"(?:categor(?:y|ies)|cat|tag|topic)[-_]+{_TOPIC_WORDS}(?=$|[\s_-])", re.IGNORECASE)
_TITLES = frozenset(("summary", *HEADINGS))
_TOGGLES = frozenset(("aria-controls", "aria-expanded"))
_CONTROLS = ("button", "input", "select", "textarea", "form")
_CONTENT = ("main", "article", "section", "details", "dd")
# Ids are often made from headings ("how-do-i-share-a-file"), so only whole ids count.
_FRAME_IDS = re.compile(
    r"^(?:(?:site|page|main|global|top|bottom|left|right|wp|doc)[_-]?)?(?:nav|navbar|navigation|menu|side-?bar"
    r"|footer|ft|header|hd|breadcrumbs?"
    r"|toc|table-?of-?contents|comments?|related|cookie[\w-]*|search(?:box)?|social|share|feedback|quickview"
    r"|catlinks|mw-navigation"
    r"|siteSub|jump-to-nav|secondary|disqus_thread)(?:[_-]?(?:wrapper|container|content|area|box|section|inner|bar))?$",
    re.IGNORECASE,
)
_INLINE = frozenset(("a", "span", "small", "em", "i", "b", "strong", "sup", "sub", "button", "code"))
_INLINE_NAMES = re.compile(r"(?:^|\s)(?:mw-editsection|edit-?link|backlink|skip-?link|copybtn|copy-button)(?=$|\s)")


def is_frame(element: Element) -> bool:
    """Say whether tag, role, class or id propose that an element surrounds the content."""
    if element.tag == "nav" and element.find(".//a[@href]") is None:
        return False  # site builders make the panels of accordions so
    if element.tag == "aside":
        return not _is_note(element)
    if element.tag in _FRAME:
        return element.tag != "header" or not _holds_main_heading(element)
    if element.get("role") in _FRAME_ROLES:
        return True
    if element.tag in _INLINE:
        return bool(_INLINE_NAMES.search(classes(element)))
    if element.tag in ("p", "dt", "dd", "h1", "h2", "h3", "h4"):
        return False
    name, identity = element.get("class") or "", element.get("id")
    if _is_frame_name(name):
        told = _names_topic(name) and _is_told_of(element)
        return not (told or _holds_questions(element) or _is_part_of_answer(element, name))
    if not identity or element.tag == "li" or not _FRAME_IDS.match(identity):
        return False
    return not ((_names_topic(identity) and _is_told_of(element)) or _holds_questions(element))


@lru_cache(maxsize=4096)
def _names_topic(name: str) -> bool:
    """Say whether a class or an id says frame only by words that questions are about, too ("cookies")."""
    return not _is_frame_name(_TOPICS.sub(" ", name))


def _is_told_of(element: Element) -> bool:
    """Say whether an element asks about what it is named for and tells of it, or is one of several disclosures."""
    if element.tag == "details" and any(other.tag == "details" for other in _beside(element)):
        return True
    if any(not _TOGGLES.intersection(control.keys()) for control in element.iter(*_CONTROLS)):
        return False
    whole = letters(element)
    titles = (part for part in element.iter() if part.tag in _TITLES or _TOGGLES.intersection(part.keys()))
    return any(letters(title) < whole and looks_like_question(text_of(title)) for title in titles)


def _beside(element: Element) -> list[Element]:
    return [*element.itersiblings(), *element.itersiblings(preceding=True)]


def _is_note(aside: Element) -> bool:
    """Say whether an aside is a remark inside the content: prose without a heading, and called no sidebar."""
    placed = any(parent.tag in _CONTENT for parent in aside.iterancestors())
    return placed and not _is_frame_name(aside.get("class") or "") and _is_prose(aside) and not _holds_heading(aside)


def _holds_heading(element: Element) -> bool:
    return next(element.iter(*HEADINGS), None) is not None


def _is_part_of_answer(element: Element, name: str) -> bool:
    """Say whether what is called a frame is prose that answers the question right before it, or inside the content."""
    called = _names_content(name) and any(parent.tag in _CONTENT for parent in element.iterancestors())
    return (called or (not _SURELY.search(name) and _follows_question(element))) and _is_prose(element)


@lru_cache(maxsize=4096)
def _names_content(name: str) -> bool:
    """Say whether a class only qualifies something else by the word for a frame ("menu-path")."""
    compound = any(_SUBJECTS.search(part) and not _SUBJECTS.fullmatch(part) for part in name.split())
    return compound and not _is_frame_name(_SUBJECTS.sub(" ", name))


def _follows_question(element: Element) -> bool:
    before = element.getprevious()
    if before is None or letters(before) > MAX_QUESTION_CHARS:
        return False
    return before.tag in ("summary", "dt") or looks_like_question(text_of(before))


def _is_prose(element: Element) -> bool:
    """Say whether an element tells something: no controls, few links, and no invitation to share or to get in touch."""
    text = text_of(element)
    if next(element.iter(*_CONTROLS), None) is not None or is_call_to_action(text) or is_furniture(text):
        return False
    linked = [letters(link) for link in element.iter("a") if link.get("href")]
    return 0 not in linked and 2 * sum(linked) < letters(element)


@lru_cache(maxsize=4096)
def _is_frame_name(name: str) -> bool:
    return bool(_FRAME_NAMES.search(_CATEGORIES.sub(" ", name)))


def _holds_questions(element: Element) -> bool:
    """Say whether a node with a suspicious name asks questions and is more than a list of links to them."""
    if sum(map((raw_text(element) or "").count, "?？؟")) < 2:
        return False
    return sum(letters(link) for link in element.iter("a")) < 0.5 * letters(element)


def _holds_main_heading(element: Element) -> bool:
    return element.find(".//h1") is not None or any(
        parent.tag in ("article", "main", "section", "li", "dl", "details") for parent in element.iterancestors()
    )
