"""What a page says about itself: is it a FAQ, a help article, or something that only looks like one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from pipeline.collect.web.address_signals import is_help_article, is_numbered_article, url_signal
from pipeline.collect.web.questions import asks_in_title

_FAQ_PHRASES = re.compile(
    r"""\bf\.?\s?a\.?\s?q\.?(?:'?s)?\b | \bfrequently\s+asked | \b(?:common|popular|general|top)\s+questions\b
      | \bquestions?\s*(?:&|and|\+|/|-)\s*answers?\b | \bq\s?(?:&|and|\+)\s?a(?:s|'s)?\b
      | \byour\s+questions,?\s+answered\b
      | \bfoire\s+aux\s+questions | \bquestions?\s+(?:les\s+plus\s+)?(?:fréquentes|courantes|fréquemment)
      | \bquestions?\s+et\s+réponses | häufig\s+gestellte | häufige\s+fragen | \bfragen\s+(?:und|&)\s+antworten
      | \bpreguntas?\s+(?:más\s+)?frecuentes | \bpreguntas?\s+y\s+respuestas | \bdomande\s+(?:più\s+)?frequenti
      | \bdomande\s+e\s+risposte | \bperguntas?\s+(?:mais\s+)?frequentes | \bdúvidas\s+(?:mais\s+)?frequentes
      | \bperguntas?\s+e\s+respostas | veel\s?gestelde\s+vragen | \bvragen\s+en\s+antwoorden | vanliga\s+frågor
      | ofte\s+stil(?:lede|te)\s+spør(?:gs|s)?m[åa]l | usein\s+kysytyt | najcz[eę]ściej\s+zadawane | często\s+zadawane
      | \bpytania\s+i\s+odpowiedzi | čast[oéě]\S*\s+(?:kladené\s+)?(?:dotazy|otázky) | gyakran\s+ismételt
      | gyakori\s+kérdések
      | întrebări\s+frecvente | sık(?:ça)?\s+sorulan | част\w*\s+(?:зада\w*\s+)?вопрос | \bчаво\b
      | вопрос\w*\s+и\s+ответ
      | (?:поширені|часті|типові)\s+(?:за)?питання | често\s+(?:задавани|зададени) | συχν\S+\s+ερωτ
      | (?:ال)?[أا]سئلة\s+(?:ال)?(?:شائعة|متكررة|متداولة)
      | سؤال\s+وجواب | پرسش\S*\s+متداول | oft\s+gestellte\s+fragen | preguntas\s+(?:habituales|comunes)
      | preguntes\s+freqüents
      | vanlige\s+spørsmål | frågor\s+(?:och|&)\s+svar | spørgsmål\s+og\s+svar | kysymyksiä\s+ja\s+vastauksia
      | često\s+postavljan | pogosta\s+vprašanja | korduma\s+kippuva | biežāk\s+uzdot | dažniausiai\s+užduodam
      | tanya\s+jawab | soalan\s+lazim | よくあるお問い?合わ?せ | 常见疑问 | 常見疑問 | 问题解答 | 問題解答
      | الأسئلة\s+المتكررة | سوالات\s+متداول
      | שאלות\s+(?:נפוצות|ותשובות) | अक्सर\s+पूछे | よくある(?:ご)?質問 | 質問と回答 | 常见问题 | 常見問題
      | 常见问答 | 常見問答 | 问与答 | 問與答
      | 자주\s*(?:묻는|하는)\s*질문 | câu\s+hỏi\s+thường\s+gặp | pertanyaan\s+(?:yang\s+)?(?:sering|umum)
      | ค(?:ำ|ํา)ถามที่(?:พบ|ถูกถาม|ถาม)บ่อย | ถาม\s*-?\s*ตอบ
    """,
    re.VERBOSE | re.IGNORECASE,
)
_HELP_WORDS = re.compile(
    r"\b(?:help\s?cent(?:er|re)|knowledge\s?base|support\s?cent(?:er|re)|customer\s+(?:support|service|care)"
    r"|troubleshooting"
    r"|kundenservice|service\s+clients?|atención\s+al\s+cliente|klantenservice|hilfe(?:-center|bereich)?"
    r"|centre\s+d.aide|centro\s+de\s+ayuda|central\s+de\s+ajuda|centro\s+assistenza|помощь)\b"
    r"|ヘルプ|帮助中心|幫助中心|도움말",
    re.IGNORECASE,
)
_PLAIN_HELP = re.compile(
    r"^\W*(?:(?:your |more )?questions|answers|help|support|help\s*(?:and|&)\s*support|hilfe|(?:ihre )?fragen|aide"
    r"|ayuda|ajuda|aiuto|preguntas|perguntas|domande|vragen|вопросы)\W*$",
    re.IGNORECASE,
)
"""A main heading, or a part of the title, that is no more than this."""
_PARTS = re.compile(r"\s+[-–—|·:]\s+|[|·]")
_QUESTIONS = re.compile(
    r"\b(?:questions|fragen|preguntas|dudas|perguntas|dúvidas|domande|vragen|frågor|spørgsmål|spørsmål|kysymyksiä"
    r"|pytania|dotazy"
    r"|kérdések|întrebări|вопрос\w*|питання|sorular\w*)\b|質問|疑問|问题|問題|疑问|질문",
    re.IGNORECASE,
)
MAX_NAMING_CHARS = 80
_OTHER_KINDS = (
    ("a glossary", r"glossar\w*|glosario|glossaire|terminology|dictionary|vocabular\w*"),
    ("a change log or release notes", r"change\s?logs?|release\s+notes?|what.s\s+new|release\s+history|errata"),
    (
        "a table of contents or index",
        r"table\s+of\s+contents|site\s?map|general\s+index|^index$|inhaltsverzeichnis|sommaire",
    ),
    (
        "a tutorial",
        r"tutorials?|walk-?through|how-?tos?|getting\s+started|quick\s?start|introduction\s+to|an\s+introduction",
    ),
    ("a news or blog page", r"news(?:room)?|blogs?|press\s+releases?|announc\w+|newsletter|nachrichten|actualités"),
    (
        "a quiz, exam, survey or interview",
        r"quiz\w*|exams?|questionnaire|survey|interviews?|transcripts?|poll|trivia|test\s+your",
    ),
    (
        "a legal page",
        r"privacy\s+policy|terms\s+(?:of|and)\s+\w+|imprint|impressum|licen[cs]e\s+agreement|cookie\s+policy",
    ),
    ("a reference", r"api\s+reference|reference\s+manual|man\s+page"),
    ("a forum or comments page", r"forums?|comments?|discussions?|message\s+board"),
)
_OTHER = [(kind, re.compile(rf"\b(?:{words})\b", re.IGNORECASE)) for kind, words in _OTHER_KINDS]
_SUBJECTS = ("a tutorial", "a news or blog page", "a quiz, exam, survey or interview", "a forum or comments page")
"""What help articles are about ("Create a survey") rather than what they are."""

_FURNITURE = re.compile(
    r"^\W*(?:table of contents|contents|toc|navigation|menu|search|related\b.{0,30}|see also|references"
    r"|further reading|footnotes?"
    r"|external links|notes|comments?|leave a (?:reply|comment)|share\b.{0,20}|previous topic|next topic"
    r"|this page|categor(?:y|ies)"
    r"|tags|recent (?:posts|articles)|contact(?: us)?|get in touch|newsletter|subscribe|popular (?:posts"
    r"|articles)|about(?: us)?"
    r"|follow us|quick links|sitemap|languages?|cart|log ?in|sign (?:in|up)|inhaltsverzeichnis|inhalt"
    r"|siehe auch|sommaire|voir aussi"
    r"|contenido|véase también|indice|содержание|см\. также|目次|関連項目|目录|参见|相关文章)\W*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Signals:
    """Evidence from title, main headings, URL and neighbours in the site, before any pair is looked for.

    `faq` 0 to 3: 0 nothing, 1 a hint (a help centre), 2 the page's place says so (its parent
    document, its URL), 3 the page's own title or main heading says so. `other` names what else the page calls itself.
    """

    faq: int
    because: str
    other: str | None = None
    help_article: bool = False


def is_faq_phrase(text: str) -> bool:
    """Say whether a title or heading announces frequently asked questions, in any of some thirty languages."""
    return bool(_FAQ_PHRASES.search(text))


def names_questions(text: str) -> bool:
    """Say whether a heading speaks of questions at all ("Got questions?"); it takes more to make it a FAQ's."""
    return len(text) < MAX_NAMING_CHARS and bool(_QUESTIONS.search(text))


def is_furniture(text: str) -> bool:
    """Say whether a heading belongs to the site and not to the content ("Related articles", "Table of contents")."""
    return bool(_FURNITURE.match(text))


def read_signals(
    url: str, title: str, headings: Iterable[str], parents: Iterable[str], *, published: bool = False
) -> Signals:
    """Weigh what title, main headings, the URL and the titles of parent documents say.

    `published` is for pages whose metadata say article or blog post: many systems say so of every page, so it counts
    only where nothing speaks of questions or of help.
    """
    headings = list(headings)
    article = is_help_article(url)
    for where, text in (("title", title), *(("main heading", heading) for heading in headings)):
        if is_faq_phrase(text):
            return Signals(3, f"the {where} says so: {text[:80]!r}", None, article)
    other = _other_kind(title, headings[0] if headings else "", article)
    level, because = url_signal(url)
    parent = next((text for text in parents if is_faq_phrase(text)), None)
    if level < 2 and parent and not other:
        level, because = 2, f"it belongs to {parent[:80]!r}"
    if other is None and level < 2 and not article:
        other = _other_in_url(url, in_help=level == 1)
    article = article or (other is None and is_numbered_article(url))
    if level == 0 and (article or _is_help((title, *headings))):
        level, because = 1, "it is part of a help centre"
    if published and level == 0 and not other:
        other = "an article"
    return Signals(level, because, other, article)


def _is_help(texts: Iterable[str]) -> bool:
    return any(_HELP_WORDS.search(text) or any(map(_PLAIN_HELP.match, _PARTS.split(text))) for text in texts)


def _other_kind(title: str, heading: str, article: bool) -> str | None:
    """Return what else a page calls itself. A word inside a question, or of a help article, is what that is about."""
    if asks_in_title(heading) and not any(words.match(heading) for _, words in _OTHER):
        title, heading = title.replace(heading, ""), ""
    found = (kind for kind, words in _OTHER if words.search(title) or words.search(heading))
    return next((kind for kind in found if not (article and kind in _SUBJECTS)), None)


def _other_in_url(url: str, *, in_help: bool) -> str | None:
    """Return what the folders and the name of a page call it; in a help section a name is what the page is about."""
    path = unquote(urlsplit(url).path).lower()
    path = re.sub(r"[-_./]+", " ", path.rstrip("/").rpartition("/")[0] if in_help else path)
    return next((kind for kind, words in _OTHER if words.search(path)), None)
