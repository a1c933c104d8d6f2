# ruff: noqa: E501 (markup stays in one line)
"""The same questions in the markup of many site builders and in languages that ask without a question mark."""

from __future__ import annotations

import json

import pytest
from web_support import extract

from pipeline.collect.web.navigation import is_navigation
from pipeline.collect.web.page import parse_page

LANGUAGES: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "en": (
        "Frequently Asked Questions",
        [
            ("How do I reset my password?", "Click the link."),
            ("Can I change my plan later?", "Yes, at any time."),
            ("Where are my invoices?", "Under billing."),
            ("Do you offer refunds?", "Within 30 days."),
        ],
    ),
    "de": (
        "Häufig gestellte Fragen",
        [
            ("Wie kann ich bezahlen", "Mit Karte oder Rechnung."),
            ("Versand ins Ausland", "Wir liefern in die EU."),
            ("Rückgabe und Umtausch", "Innerhalb von 14 Tagen."),
            ("Mein Paket ist nicht angekommen", "Bitte melden Sie sich."),
        ],
    ),
    "ja": (
        "よくある質問",
        [
            ("配送にはどのくらいかかりますか", "通常2〜3日です。"),
            ("支払い方法を教えてください", "カードが使えます。"),
            ("返品はできますか", "30日以内に可能です。"),
            ("領収書が必要です", "マイページから。"),
        ],
    ),
    "fr": (
        "Foire aux questions",
        [
            ("Comment puis-je payer", "Par carte."),
            ("Livrez-vous en Suisse", "Oui, en trois jours."),
            ("Modifier mon adresse", "Dans le compte."),
            ("Quels sont les frais de port", "Cinq euros."),
        ],
    ),
    "ru": (
        "Частые вопросы",
        [
            ("Как оплатить заказ", "Картой."),
            ("Доставка за границу", "Да, везде."),
            ("Возврат товара", "В течение 14 дней."),
            ("Можно ли отменить заказ", "Да, до отправки."),
        ],
    ),
    "ar": (
        "الأسئلة الشائعة",
        [
            ("كيف يمكنني الدفع", "بالبطاقة."),
            ("هل الشحن مجاني؟", "نعم فوق المئة."),
            ("ما هي سياسة الإرجاع", "خلال ثلاثين يوما."),
            ("أين طلبي؟", "تتبعه هنا."),
        ],
    ),
    "zh": (
        "常见问题",
        [
            ("如何付款", "可以用卡。"),
            ("配送需要多长时间", "三到五天。"),
            ("如何退货", "三十天内。"),
            ("忘记密码怎么办", "点击链接。"),
        ],
    ),
    "ko": (
        "자주 묻는 질문",
        [
            ("비밀번호를 잊어버렸어요", "링크를 누르세요."),
            ("배송은 얼마나 걸리나요?", "3일입니다."),
            ("환불 방법", "고객센터로."),
            ("결제 수단은 무엇이 있나요?", "카드입니다."),
        ],
    ),
}
MARKUP = {
    "mui": '<div class="MuiPaper-root MuiAccordion-root"><h3 class="MuiAccordion-heading"><button class="MuiButtonBase-root MuiAccordionSummary-root" tabindex="0" type="button" aria-expanded="false"><span class="MuiAccordionSummary-content"><span class="MuiTypography-root">{q}</span></span><span class="MuiAccordionSummary-expandIconWrapper"><svg></svg></span></button></h3><div class="MuiCollapse-root MuiCollapse-hidden"><div class="MuiCollapse-wrapper"><div class="MuiCollapse-wrapperInner"><div class="MuiAccordion-region" role="region"><div class="MuiAccordionDetails-root"><p>{a}</p></div></div></div></div></div></div>',
    "radix": '<div data-state="closed" data-orientation="vertical"><h3 data-orientation="vertical"><button type="button" aria-controls="radix-{n}" aria-expanded="false" data-radix-collection-item>{q}<svg/></button></h3><div data-state="closed" id="radix-{n}" hidden role="region"><div>{a}</div></div></div>',
    "elementor_toggle": '<div class="elementor-toggle-item"><div id="elementor-tab-title-{n}" class="elementor-tab-title" data-tab="{n}" role="button" aria-controls="elementor-tab-content-{n}" aria-expanded="false"><span class="elementor-toggle-icon"><i class="fas fa-caret-right"></i></span><a class="elementor-toggle-title" tabindex="0">{q}</a></div><div id="elementor-tab-content-{n}" class="elementor-tab-content elementor-clearfix" data-tab="{n}" role="region"><p>{a}</p></div></div>',
    "divi": '<div class="et_pb_toggle et_pb_module et_pb_accordion_item et_pb_toggle_close"><h5 class="et_pb_toggle_title">{q}</h5><div class="et_pb_toggle_content clearfix"><p>{a}</p></div></div>',
    "webflow": '<div class="w-dropdown faq-item"><div class="w-dropdown-toggle faq-toggle" role="button" aria-haspopup="menu"><div>{q}</div><img src=x alt="arrow"></div><nav class="w-dropdown-list faq-list"><p>{a}</p></nav></div>',
    "squarespace": '<li class="accordion-item"><h4 class="accordion-item__title-wrapper"><button class="accordion-item__click-target" aria-expanded="false"><span class="accordion-item__title">{q}</span><div class="accordion-icon-container"><div class="plus"></div></div></button></h4><div class="accordion-item__dropdown" role="region"><div class="accordion-item__description"><p>{a}</p></div></div></li>',
    "wix": '<div data-hook="faq-item"><div role="button" aria-expanded="false" class="s__x"><div data-hook="question">{q}</div></div><div class="s__y" data-hook="answer"><p>{a}</p></div></div>',
    "spans_divs": '<div class="css-1ab"><div class="css-2cd">{q}</div><div class="css-3ef">{a}</div></div>',
    "tailwind": '<div class="py-6"><dt><button class="flex w-full" aria-expanded="false"><span class="text-base">{q}</span><span class="ml-6"><svg></svg></span></button></dt><dd class="mt-2 pr-12"><p class="text-base">{a}</p></dd></div>',
    "div_button": '<div class="faq"><button class="q">{q} <span>+</span></button><div class="panel"><p>{a}</p></div></div>',
    "w3accordion": '<button class="accordion">{q}</button><div class="panel"><p>{a}</p></div>',
    "qa_num": "<p>Q{n}. {q}</p><p>A{n}. {a}</p>",
    "mdn": '<section aria-labelledby="q{n}"><h3 id="q{n}"><a href="#q{n}">{q}</a></h3><div class="section-content"><p>{a}</p></div></section>',
    "uikit": '<li><a class="uk-accordion-title" href="#">{q}</a><div class="uk-accordion-content"><p>{a}</p></div></li>',
    "foundation": '<li class="accordion-item" data-accordion-item><a href="#" class="accordion-title">{q}</a><div class="accordion-content" data-tab-content><p>{a}</p></div></li>',
    "rank_math": '<div id="faq-question-{n}" class="rank-math-list-item"><h3 class="rank-math-question ">{q}</h3><div class="rank-math-answer "><p>{a}</p></div></div>',
    "helpie": '<li class="accordion__item"><div class="accordion__header" data-item="hfaq-{n}"><div class="accordion__title">{q}</div></div><div class="accordion__body"><p>{a}</p></div></li>',
    "ultimate_faq": '<div class="ewd-ufaq-faq-div"><div class="ewd-ufaq-faq-title"><a class="ewd-ufaq-post-margin" href="#"><div class="ewd-ufaq-post-margin-symbol"><span>A</span></div><div class="ewd-ufaq-faq-title-text"><h4>{q}</h4></div></a></div><div class="ewd-ufaq-faq-body ewd-ufaq-hidden"><div class="ewd-ufaq-post-margin ewd-ufaq-faq-post"><p>{a}</p></div></div></div>',
    "quasar": '<div class="q-expansion-item"><div class="q-expansion-item__container"><div class="q-item" role="button" aria-expanded="false"><div class="q-item__section"><div class="q-item__label">{q}</div></div></div><div class="q-expansion-item__content"><div class="q-card"><div class="q-card__section">{a}</div></div></div></div></div>',
    "vuetify": '<div class="v-expansion-panel"><button class="v-expansion-panel-title" type="button" aria-expanded="false"><span class="v-expansion-panel-title__overlay"></span>{q}<span class="v-expansion-panel-title__icon"><i class="mdi-chevron-down mdi"></i></span></button><div class="v-expansion-panel-text"><div class="v-expansion-panel-text__wrapper">{a}</div></div></div>',
    "antd": '<div class="ant-collapse-item"><div class="ant-collapse-header" role="button" aria-expanded="false" aria-disabled="false"><div class="ant-collapse-expand-icon"><span role="img" aria-label="right" class="anticon"></span></div><span class="ant-collapse-header-text">{q}</span></div><div class="ant-collapse-content ant-collapse-content-inactive"><div class="ant-collapse-content-box"><p>{a}</p></div></div></div>',
    "chakra": '<div class="chakra-accordion__item"><h2><button type="button" id="accordion-button-{n}" aria-expanded="false" aria-controls="accordion-panel-{n}" class="chakra-accordion__button"><div>{q}</div></button></h2><div class="chakra-collapse" style="display:none"><div role="region" id="accordion-panel-{n}" aria-labelledby="accordion-button-{n}" class="chakra-accordion__panel">{a}</div></div></div>',
    "material_web": '<mat-expansion-panel class="mat-expansion-panel"><mat-expansion-panel-header role="button" id="mat-expansion-panel-header-{n}" aria-controls="cdk-accordion-child-{n}" aria-expanded="false"><span class="mat-content"><mat-panel-title>{q}</mat-panel-title></span><span class="mat-expansion-indicator"></span></mat-expansion-panel-header><div class="mat-expansion-panel-content" role="region" id="cdk-accordion-child-{n}"><div class="mat-expansion-panel-body"><p>{a}</p></div></div></mat-expansion-panel>',
    "custom_elements": '<faq-item><span slot="question">{q}</span><div slot="answer"><p>{a}</p></div></faq-item>',
    "aria_heading": '<div><div role="heading" aria-level="3">{q}</div><div><p>{a}</p></div></div>',
    "tablerows": "<tr><td><b>{q}</b></td></tr><tr><td>{a}</td></tr>",
    "github_md": '<div class="markdown-heading"><h3 class="heading-element">{q}</h3><a id="user-content-{n}" class="anchor" href="#{n}"><svg></svg></a></div><p>{a}</p>',
}
WRAPPERS = {
    "squarespace": '<ul class="accordion-items-container">{}</ul>',
    "tailwind": '<dl class="mt-10">{}</dl>',
    "uikit": "<ul uk-accordion>{}</ul>",
    "foundation": '<ul class="accordion" data-accordion>{}</ul>',
    "helpie": '<article class="accordion">{}</article>',
    "tablerows": "<table>{}</table>",
}
QUESTIONS = LANGUAGES["en"][1]
FOOD = [("Is it vegan?", "Yes, all of it."), ("Does it contain nuts?", "No nuts."), ("How is it packed?", "In paper.")]
DETAILS = "<details><summary>{q}</summary><p>{a}</p></details>"
URL = "https://x.example/pages/page"


def site(content: str, title: str, lang: str = "en") -> str:
    """Wrap content in a page with a menu and a footer."""
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title></head><body><header><nav><ul>'
        f'<li><a href="/">Home</a><li><a href="/shop">Shop</a></ul></nav></header><main>{content}</main><footer>'
        '<p>© 2026 Acme. All rights reserved.</p><ul><li><a href="/p">Privacy</a></ul></footer></body></html>'
    )


def rows(markup: str, pairs: list[tuple[str, str]]) -> str:
    """Write each pair in a markup."""
    return "".join(markup.format(q=question, a=answer, n=n) for n, (question, answer) in enumerate(pairs, 1))


def found(content: str, title: str = "FAQ", url: str = URL) -> list[tuple[str, str]]:
    """Return what is extracted from content on a page of this title."""
    return [(pair.question, pair.answer) for pair in extract(site(content, title), url).pairs]


def json_ld(pairs: list[tuple[str, str]]) -> str:
    """Write pairs as structured data."""
    entities = [{"@type": "Question", "name": q, "acceptedAnswer": {"@type": "Answer", "text": a}} for q, a in pairs]
    value = {"@context": "https://schema.org", "@type": "FAQPage", "mainEntity": entities}
    return f'<script type="application/ld+json">{json.dumps(value)}</script>'


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", MARKUP)
def test_every_question_in_every_markup_and_language(name: str, lang: str) -> None:
    title, pairs = LANGUAGES[lang]
    content = WRAPPERS.get(name, "<div>{}</div>").format(rows(MARKUP[name], pairs))
    result = extract(site(f"<h1>{title}</h1>{content}", title, lang), URL)
    assert [(pair.question, pair.answer) for pair in result.pairs] == pairs
    assert all(pair.evidence and pair.answer_html for pair in result.pairs)


def test_questions_in_two_markups_on_one_page() -> None:
    headings = rows("<h3>{q}</h3><p>{a}</p>", FOOD)
    assert found(f"<h2>Orders</h2>{rows(DETAILS, QUESTIONS)}<h2>Food</h2>{headings}") == [*QUESTIONS, *FOOD]
    listed = f"<dl>{rows('<dt>{q}</dt><dd>{a}</dd>', FOOD)}</dl>"
    assert found(f"<h2>Orders</h2>{rows(MARKUP['chakra'], QUESTIONS)}<h2>Food</h2>{listed}") == [*QUESTIONS, *FOOD]


def test_structured_data_that_knows_only_some_questions_gives_way() -> None:
    assert found(json_ld(QUESTIONS[:3]) + rows(MARKUP["chakra"], QUESTIONS)) == QUESTIONS


def test_invitations_beside_the_questions_are_none() -> None:
    invitations = "<h2>Still have questions?</h2><p>Write to us.</p><h2>Ready to order?</h2><p>Go on.</p><h2>Contact</h2><p>Us.</p>"
    assert found(json_ld(QUESTIONS) + rows(MARKUP["chakra"], QUESTIONS) + invitations) == QUESTIONS
    assert found(rows(DETAILS, QUESTIONS) + invitations) == QUESTIONS


def test_sections_of_items_are_no_items() -> None:
    sections = "".join(
        f"<section><h2>{name}</h2>{rows(MARKUP['div_button'], pairs)}</section>"
        for name, pairs in (("Payment", QUESTIONS), ("Food", FOOD), ("Mehr", LANGUAGES["de"][1]))
    )
    assert found(sections) == [*QUESTIONS, *FOOD, *LANGUAGES["de"][1]]


def test_a_disclosure_inside_an_answer_is_part_of_it() -> None:
    inner = "<details><summary>{q}</summary><p>{a}</p><details><summary>More</summary><p>Extra text.</p></details></details>"
    assert found(rows(inner, QUESTIONS)) == [(q, f"{a}\n\nMore\n\nExtra text.") for q, a in QUESTIONS]


def test_terms_inside_an_answer_are_no_questions() -> None:
    terms = (
        "<dl>"
        + "".join(
            f"<dt>{term}:</dt><dd>Uma explicação.</dd>"
            for term in ("O sistema de pacotes", "O sistema universal", "A política", "Como funciona isto")
        )
        + "</dl>"
    )
    content = f"<h2>O que é isto?</h2><p>Um sistema.</p><h2>Qual é a diferença?</h2>{terms}<h2>Onde se obtém?</h2><p>Aqui.</p><h2>Quem o fez?</h2><p>Nós.</p>"
    assert [question for question, _ in found(content, "Capítulo 1", "https://x.example/faq/pt/a.html")] == [
        "O que é isto?",
        "Qual é a diferença?",
        "Onde se obtém?",
        "Quem o fez?",
    ]


@pytest.mark.parametrize(
    "line",
    [
        '<p>Next: <a href="b.html" rel="next">Installing</a>, Previous: <a href="a.html">Basics</a>, Up: <a href="i.html">Manual</a> &nbsp; [<a href="#c">Contents</a>]</p>',
        '<ul><li><a href="i.html">Table of Contents</a><li><a href="b.html">Next Chapter</a></ul>',
        '<table><tr><td><a rel="prev" href="a.html">Basics</a></td><td><a rel="next" href="b.html">Files</a></td></tr></table>',
        '<div><a href="a.html">Zurück</a> | <a href="i.html">Inhalt</a> | <a href="b.html">Weiter</a></div>',
        '<p><a href="a.html"><img src="l.png" alt="previous"></a> <a href="b.html"><img src="r.png" alt="next"></a></p>',
    ],
)
def test_ways_through_a_document_are_no_part_of_answers(line: str) -> None:
    content = "".join(f"<h2>{question}</h2><p>{answer}</p>{line}" for question, answer in QUESTIONS)
    assert found(content) == QUESTIONS


@pytest.mark.parametrize(
    "line",
    [
        '<p>See <a href="b.html">the next chapter</a>.</p>',
        '<p><a href="b.html">Installing</a></p>',
        '<ul><li><a href="a.html">Main features</a><li><a href="b.html">Home delivery</a></ul>',
        '<p>Go to <a href="/settings">Settings</a>, then <a href="/keys">Keys</a>.</p>',
    ],
)
def test_links_in_answers_stay(line: str) -> None:
    block = next(parse_page(f"<body>{line}</body>".encode(), URL).root.iter("p", "ul"))
    assert not is_navigation(block)


@pytest.mark.parametrize(
    "footer",
    [
        '<hr>Next: <a href="b.html">On paths</a>.<br><a href="i.html">Return to contents</a>.<p><address>Ann - 2023</address><br>Extracted from the FAQ, Copyright © 2023.',
        '<hr>[ <a href="c.html">Contents</a> | <a href="i.html">Introduction</a> | <a href="a.html">Credits</a> ]',
        "<hr><p>Last modified: 3 May 2020</p><hr>",
    ],
)
def test_what_stands_below_the_last_rule_is_no_answer(footer: str) -> None:
    assert found(rows("<h2>{q}</h2><p>{a}</p>", QUESTIONS) + footer) == QUESTIONS


def test_a_rule_inside_the_last_answer_does_not_end_it() -> None:
    content = (
        rows("<h2>{q}</h2><p>{a}</p>", QUESTIONS)
        + "<hr><p>Items on sale are not refunded unless they arrive broken.</p>"
    )
    assert found(content)[-1][1].endswith("unless they arrive broken.")


def test_a_list_of_questions_with_something_below_the_last_gives_nothing() -> None:
    contents = (
        "".join(f"<h3>What is part {n}?</h3>" for n in range(12)) + "<p>Archive-Name: unix-faq. Posted monthly.</p>"
    )
    assert found(contents) == []


PRODUCTS = (
    '<div class="grid">'
    + "".join(
        f'<div class="product"><div class="t">Shirt {n}</div><div class="p">€ {n}9.00</div></div>' for n in range(9)
    )
    + "</div>"
)
FEATURES = (
    "<h2>Features</h2><div>"
    + "".join(f'<div class="f"><div class="h">Fast {n}</div><div class="b">It is fast.</div></div>' for n in range(4))
    + "</div>"
)
NOT_FAQS = {
    "Blog": "".join(
        f'<article class="post"><h2><a href="/blog/{n}">{t}</a></h2><p>Excerpt of the post. <a href="/blog/{n}">Read more</a></p></article>'
        for n, t in enumerate(("How to bake bread?", "What is yeast?", "Why does dough rise?"))
    ),
    "Shop": PRODUCTS,
    "Shop and FAQ": PRODUCTS,
    "API": "<dl><dt>is_valid?</dt><dd>bool</dd><dt>empty?</dt><dd>x</dd><dt>any?</dt><dd>y</dd></dl>",
    "Resource build": "".join(
        f"<p><b>{name}?</b> (string) - the {name}, if any</p>" for name in ("branch", "category", "revision")
    ),
    "Queries": "".join(
        f'<div class="go"><pre>SELECT {n} FROM t WHERE id = ?</pre></div><p>Rows.</p>' for n in range(6)
    ),
    "Index": "<dl><dt>When the tape fills</dt><dd><a href='a'>When</a> to look</dd><dt>What to do when</dt><dd>it differs</dd><dt>How to apply these</dt><dd>x</dd></dl>",
    "Community forum": "".join(
        f'<div class="row"><a class="t" href="/t/{n}">How do I do {n}?</a><span>3 replies</span></div>'
        for n in range(8)
    ),
    "Help center": "".join(
        f'<div class="row"><h3><a href="/t/{n}">How do I do {n}?</a></h3><p>In this article we show {n}.</p></div>'
        for n in range(8)
    ),
}


@pytest.mark.parametrize("title", NOT_FAQS)
def test_pages_that_only_look_like_faqs(title: str) -> None:
    assert found(NOT_FAQS[title], title) == []


def test_other_cards_on_a_page_with_questions() -> None:
    assert (
        found(f"{FEATURES}<h2>Frequently asked questions</h2>{rows(MARKUP['spans_divs'], QUESTIONS)}", "Acme")
        == QUESTIONS
    )
    team = "".join(
        f'<div class="m"><h4>{name}</h4><p>Chief of something.</p></div>' for name in ("Ann Lee", "Bo Chu", "Cy Dee")
    )
    assert found(team + rows(DETAILS, QUESTIONS)) == QUESTIONS
