# ruff: noqa: E501 (markup stays in one line)
"""Pages in the markup that real generators, shops, help desks and wikis write: every question, and whole answers."""

from __future__ import annotations

import json

import pytest
from web_support import extract, page, selector

from pipeline.collect.web.families import all_families
from pipeline.collect.web.families.base import Family

SHIPPING = "How long does shipping take?"
RETURNS = "Can I return an item?"
ANSWER_1 = "<p>Two to <strong>four</strong> days.</p><ul><li>Express: 1 day</li><li>Islands: 7 days</li></ul><p>Track it online.</p>"
ANSWER_2 = "<p>Yes, within 30 days, see <a href='https://shop.example/terms'>our terms</a>.</p>"
TEXT_1 = "Two to four days.\n\n- Express: 1 day\n- Islands: 7 days\n\nTrack it online."
TEXT_2 = "Yes, within 30 days, see our terms (https://shop.example/terms)."


def both(markup: str, family: str, **more: str) -> None:
    """Expect exactly the two questions with their whole answers."""
    found = extract(markup, **more)
    assert [(pair.question, pair.answer) for pair in found.pairs] == [(SHIPPING, TEXT_1), (RETURNS, TEXT_2)]
    assert found.family == family
    assert found.not_a_faq is None
    assert all(pair.evidence for pair in found.pairs)


def test_every_family_keeps_the_contract() -> None:
    families = all_families()
    names = [family.name for family in families]
    assert len(set(names)) == len(names)
    assert [family.rank for family in families] == sorted(family.rank for family in families)
    assert {
        "jsonld",
        "microdata",
        "details",
        "accordion",
        "qandaset",
        "dl",
        "bold",
        "headings",
        "article",
        "selector",
    } <= set(names)
    for family in families:
        assert isinstance(family, Family)
        assert family.recognises
        assert type(family).__module__.startswith("pipeline.collect.web.families.")


def test_shopify_collapsible_content() -> None:
    row = (
        '<div class="accordion"><details id="Details-{n}" class="collapsible"><summary id="s{n}"><div class="summary__title">'
        '<svg class="icon"><path d=""/></svg><h3 class="accordion__title inline-richtext h4">{q}</h3></div><svg></svg></summary>'
        '<div class="accordion__content rte" id="c{n}" role="region">{a}</div></details></div>'
    )
    body = '<div class="collapsible-content"><h2>FAQ</h2>' + "".join(
        row.format(n=n, q=q, a=a) for n, (q, a) in enumerate([(SHIPPING, ANSWER_1), (RETURNS, ANSWER_2)])
    )
    both(page(body + "</div>"), "details")
    found = extract(page(body + "</div>"))
    assert [pair.anchor for pair in found.pairs] == ["Details-0", "Details-1"]
    assert found.pairs[0].section == "FAQ"


def test_bootstrap_5_accordion() -> None:
    row = (
        '<div class="accordion-item"><h2 class="accordion-header" id="h{n}"><button class="accordion-button collapsed" type="button" '
        'data-bs-toggle="collapse" data-bs-target="#c{n}" aria-expanded="false" aria-controls="c{n}">{q}</button></h2>'
        '<div id="c{n}" class="accordion-collapse collapse" aria-labelledby="h{n}"><div class="accordion-body">{a}</div></div></div>'
    )
    rows = "".join(row.format(n=n, q=q, a=a) for n, (q, a) in enumerate([(SHIPPING, ANSWER_1), (RETURNS, ANSWER_2)]))
    both(page(f'<h1>Help</h1><div class="accordion" id="faq">{rows}</div>', title="Help"), "accordion")


def test_bootstrap_3_panels_and_icons() -> None:
    row = (
        '<div class="panel panel-default"><div class="panel-heading"><h4 class="panel-title"><a data-toggle="collapse" href="#p{n}">'
        '<i class="fa fa-plus" aria-hidden="true"></i> {q} <span class="sr-only">Expand</span></a></h4></div>'
        '<div id="p{n}" class="panel-collapse collapse"><div class="panel-body">{a}</div></div></div>'
    )
    rows = "".join(row.format(n=n, q=q, a=a) for n, (q, a) in enumerate([(SHIPPING, ANSWER_1), (RETURNS, ANSWER_2)]))
    both(page(f'<div class="panel-group">{rows}</div>'), "accordion")


def test_elementor_accordion() -> None:
    row = (
        '<div class="elementor-accordion-item"><div id="elementor-tab-title-{n}" class="elementor-tab-title" role="button" '
        'aria-controls="elementor-tab-content-{n}" aria-expanded="false"><span class="elementor-accordion-icon" aria-hidden="true">'
        '<span>+</span></span><a class="elementor-accordion-title" tabindex="0">{q}</a></div>'
        '<div id="elementor-tab-content-{n}" class="elementor-tab-content" role="region">{a}</div></div>'
    )
    rows = "".join(row.format(n=n, q=q, a=a) for n, (q, a) in enumerate([(SHIPPING, ANSWER_1), (RETURNS, ANSWER_2)]))
    both(page(f'<div class="elementor-accordion">{rows}</div>'), "accordion")


def test_headless_accordion_without_ids() -> None:
    row = '<div><dt><button type="button" aria-expanded="false"><span>{q}</span><span>+</span></button></dt><dd class="mt-2">{a}</dd></div>'
    rows = "".join(row.format(q=q, a=a) for q, a in [(SHIPPING, ANSWER_1), (RETURNS, ANSWER_2)])
    found = extract(page(f"<dl>{rows}</dl>"))
    assert [(pair.question, pair.answer) for pair in found.pairs] == [(SHIPPING, TEXT_1), (RETURNS, TEXT_2)]


def test_check_box_accordion() -> None:
    row = '<li><input type="checkbox" id="x{n}"><label for="x{n}">{q}</label><div class="content">{a}</div></li>'
    rows = "".join(row.format(n=n, q=q, a=a) for n, (q, a) in enumerate([(SHIPPING, ANSWER_1), (RETURNS, ANSWER_2)]))
    both(page(f"<ul class='faq'>{rows}</ul>"), "accordion")


def test_yoast_block() -> None:
    row = (
        '<div class="schema-faq-section" id="faq-question-16{n}"><strong class="schema-faq-question">{q}</strong> '
        '<div class="schema-faq-answer">{a}</div> </div>'
    )
    rows = "".join(row.format(n=n, q=q, a=a) for n, (q, a) in enumerate([(SHIPPING, ANSWER_1), (RETURNS, ANSWER_2)]))
    both(page(f'<div class="schema-faq wp-block-yoast-faq-block">{rows}</div>', title="Delivery"), "named")


def test_question_and_answer_classes_of_several_paragraphs() -> None:
    rows = f'<p class="q"><a name="one">{SHIPPING}</a></p><p class="a">First.</p><p class="a">Second.</p>'
    rows += f'<p class="q"><a name="two">{RETURNS}</a></p><p class="a">Third.</p>'
    found = extract(page(rows))
    assert [(pair.question, pair.answer, pair.anchor) for pair in found.pairs] == [
        (SHIPPING, "First.\n\nSecond.", "one"),
        (RETURNS, "Third.", "two"),
    ]


def test_mediawiki_headings_without_their_edit_links() -> None:
    edit = '<span class="mw-editsection"><span class="mw-editsection-bracket">[</span><a href="/edit">edit</a>]</span>'
    old = '<h2><span class="mw-headline" id="{i}">{q}</span>' + edit + "</h2>{a}"
    new = '<div class="mw-heading mw-heading2"><h2 id="{i}">{q}</h2>' + edit + "</div>{a}"
    toc = '<div id="toc" class="toc"><h2>Contents</h2><ul><li><a href="#a">1 How long does shipping take?</a></li></ul></div>'
    for form in (old, new):
        body = toc + form.format(i="a", q=SHIPPING, a=ANSWER_1) + form.format(i="b", q=RETURNS, a=ANSWER_2)
        both(page(f'<div class="mw-parser-output">{body}</div>', title="FAQ - Wiki"), "headings")
        assert [pair.anchor for pair in extract(page(body)).pairs] == ["a", "b"]


def test_docusaurus_page_with_code() -> None:
    code = (
        '<div class="language-bash codeBlockContainer theme-code-block"><div class="codeBlockContent"><pre tabindex="0" class="prism-code">'
        '<code class="codeBlockLines"><span class="token-line"><span class="token plain">npm install</span><br></span>'
        '<span class="token-line"><span class="token plain">npm start</span><br></span></code></pre>'
        '<div class="buttonGroup"><button type="button" aria-label="Copy code to clipboard">Copy</button></div></div></div>'
    )
    heading = '<h2 class="anchor anchorWithStickyNavbar_x" id="{i}">{q}<a href="#{i}" class="hash-link" aria-label="Direct link">\u200b</a></h2>'
    body = (
        '<article><div class="theme-doc-markdown markdown"><header><h1>FAQ</h1></header>'
        + heading.format(i="install", q="How do I install it?")
        + f"<p>Run:</p>{code}<p>Done.</p>"
        + heading.format(i="port", q="Which port does it use?")
        + "<p>Port <code>3000</code>, see <a href='/docs/ports'>here</a>.</p></div></article>"
        + '<div class="theme-doc-toc-desktop"><ul class="table-of-contents"><li><a href="#install">How do I install it?</a></li></ul></div>'
    )
    found = extract(page(body, title="FAQ | Tool"), url="https://tool.example/docs/faq")
    assert [(pair.question, pair.answer, pair.anchor) for pair in found.pairs] == [
        ("How do I install it?", "Run:\n\n```\nnpm install\nnpm start\n```\n\nDone.", "install"),
        ("Which port does it use?", "Port `3000`, see here (https://tool.example/docs/ports).", "port"),
    ]


def test_github_rendered_page() -> None:
    heading = (
        '<div class="markdown-heading"><h3 class="heading-element">{q}</h3><a id="user-content-{i}" class="anchor" '
        'aria-label="Permalink: {q}" href="#{i}"><svg class="octicon"></svg></a></div>'
    )
    body = heading.format(i="a", q=SHIPPING) + ANSWER_1 + heading.format(i="b", q=RETURNS) + ANSWER_2
    both(page(f'<article class="markdown-body">{body}</article>', title="docs/FAQ.md at main"), "headings")


def test_mkdocs_and_sphinx_permalinks() -> None:
    for mark in (
        '<a class="headerlink" href="#{i}" title="Permanent link">&para;</a>',
        '<a class="headerlink" href="#{i}">#</a>',
    ):
        heading = '<section id="{i}"><h2>{q}' + mark + "</h2>{a}</section>"
        body = heading.format(i="a", q=SHIPPING, a=ANSWER_1) + heading.format(i="b", q=RETURNS, a=ANSWER_2)
        both(page(body), "headings")
        assert [pair.anchor for pair in extract(page(body)).pairs] == ["a", "b"]


def test_headings_each_in_a_wrapper_and_no_footer_in_the_last_answer() -> None:
    row = '<div class="row"><div class="col-4"><h3>{q}</h3></div><div class="col-8">{a}</div></div>'
    body = row.format(q=SHIPPING, a=ANSWER_1) + row.format(q=RETURNS, a=ANSWER_2)
    both(page(body + '<div class="cta"><h3>Still have questions?</h3><p>Call us.</p></div>'), "headings")


def test_jquery_ui_accordion() -> None:
    both(
        page(
            f'<div id="accordion"><h3>{SHIPPING}</h3><div>{ANSWER_1}</div><h3>{RETURNS}</h3><div>{ANSWER_2}</div></div>'
        ),
        "headings",
    )


def test_sections_and_deeper_questions() -> None:
    body = (
        "<h2>Orders</h2><h3>How do I order?</h3><p>In the shop.</p><h4>Requirements</h4><p>An account.</p>"
        "<h3>What does it cost?</h3><p>It depends.</p><h4>How much is the deposit?</h4><p>10 EUR.</p>"
        "<h2>Is there a phone number?</h2><p>No.</p><h2>Delivery</h2><h3>Who delivers?</h3><p>A carrier.</p>"
    )
    found = extract(page(body, heading="FAQ"))
    assert [(pair.section, pair.question, pair.answer) for pair in found.pairs] == [
        ("Orders", "How do I order?", "In the shop.\n\nRequirements\n\nAn account."),
        ("Orders", "What does it cost?", "It depends."),
        ("What does it cost?", "How much is the deposit?", "10 EUR."),
        ("FAQ", "Is there a phone number?", "No."),
        ("Delivery", "Who delivers?", "A carrier."),
    ]


def test_statements_count_in_good_company() -> None:
    body = "".join(
        f"<h2>{q}</h2><p>Answer {n}.</p>" for n, q in enumerate([SHIPPING, "My parcel is damaged.", RETURNS])
    )
    assert [pair.question for pair in extract(page(body)).pairs] == [SHIPPING, "My parcel is damaged.", RETURNS]


def test_numbers_are_stripped_once_and_only_from_numbered_groups() -> None:
    numbered = "<h3>1.5 Why is it slow?</h3><p>a b</p><h3>1.6 -f jpeg does not work.</h3><p>c d</p><h3>1.7 Is it free?</h3><p>e f</p>"
    assert [p.question for p in extract(page(numbered)).pairs] == [
        "Why is it slow?",
        "-f jpeg does not work.",
        "Is it free?",
    ]
    plain = (
        "<h3>404 errors: why do I see them?</h3><p>a b</p><h3>3.5 inch floppies: where are they sold?</h3><p>c d</p>"
    )
    assert [p.question[:4] for p in extract(page(plain)).pairs] == ["404 ", "3.5 "]
    labelled = "<h3>Q1: Is it free?</h3><p>A: Yes it is.</p><h3>Q2: Is it fast?</h3><p>A: Very fast.</p>"
    assert [(p.question, p.answer) for p in extract(page(labelled)).pairs] == [
        ("Is it free?", "Yes it is."),
        ("Is it fast?", "Very fast."),
    ]


def test_phpbb_definition_list() -> None:
    row = '<dl class="faq"><dt id="f{n}r0"><strong>{q}</strong></dt><dd>{a}<br><br><a href="#wrap" class="top2">Top</a></dd></dl><hr>'
    rows = "".join(row.format(n=n, q=q, a=a) for n, (q, a) in enumerate([(SHIPPING, ANSWER_1), (RETURNS, ANSWER_2)]))
    both(page(rows, title="Forum - Frequently Asked Questions"), "dl")


def test_asciidoctor_lists() -> None:
    dl = f'<div class="dlist"><dl><dt class="hdlist1"><a id="x"></a>{SHIPPING}</dt><dd>{ANSWER_1}</dd><dt>{RETURNS}</dt><dd>{ANSWER_2}</dd></dl></div>'
    both(page(dl), "dl")
    qanda = f'<div class="qlist qanda"><ol><li><p><em>{SHIPPING}</em></p>{ANSWER_1}</li><li><p><em>{RETURNS}</em></p>{ANSWER_2}</li></ol></div>'
    both(page(qanda), "bold")


def test_docbook_table() -> None:
    row = (
        '<tr class="question"><td><a name="f{n}"></a><b>1.{n}.</b></td><td><b>{q}</b></td></tr>'
        '<tr class="answer"><td></td><td>{a}</td></tr>'
    )
    rows = "".join(row.format(n=n, q=q, a=a) for n, (q, a) in enumerate([(SHIPPING, ANSWER_1), (RETURNS, ANSWER_2)]))
    both(page(f'<div class="qandaset"><h3>1. Shop</h3><table>{rows}</table></div>'), "qandaset")


def test_bold_paragraphs_and_bold_lines() -> None:
    paragraphs = (
        f"<p><a name='1'></a><b>(1) {SHIPPING}</b></p>{ANSWER_1}<p><a name='2'></a><b>(2) {RETURNS}</b></p>{ANSWER_2}"
    )
    both(page(paragraphs), "bold")
    lines = "<p><strong>Is it <em>really</em> free?</strong><br>Yes.<br>For ever.</p><p><strong>Is it open source?</strong> It is.</p>"
    assert [(p.question, p.answer) for p in extract(page(lines)).pairs] == [
        ("Is it really free?", "Yes.\nFor ever."),
        ("Is it open source?", "It is."),
    ]


def test_html_4_in_capitals_with_open_tags() -> None:
    markup = b"""<HTML><HEAD><TITLE>The F.A.Q.</TITLE></HEAD><BODY BGCOLOR=white><H1>The F.A.Q.</H1>
    <UL><LI><A HREF="#a">Why is it so?</A><LI><A HREF="#b">Who made it?</A></UL><HR>
    <A NAME=a><H3>Why is it so?</H3></A><P>Because.<P>And so on:<UL><LI>one<LI>two</UL>
    <A NAME=b><H3>Who made it?</H3></A><P>We did.<HR><ADDRESS>Last modified 1997</ADDRESS></BODY></HTML>"""
    found = extract(markup, url="http://old.example/faq.html")
    assert [(p.question, p.answer, p.anchor) for p in found.pairs] == [
        ("Why is it so?", "Because.\n\nAnd so on:\n\n- one\n- two", "a"),
        ("Who made it?", "We did.", "b"),
    ]


def test_labels_in_one_block_and_in_several() -> None:
    one = "<p>Q: Is it free?<br>A: Yes, it is.<br>For all.</p><p>Q: Is it new?<br>A: No.</p>"
    assert [
        (p.question, p.answer) for p in extract(page(one, title="Support"), url="https://x.example/support").pairs
    ] == [
        ("Is it free?", "Yes, it is.\nFor all."),
        ("Is it new?", "No."),
    ]
    several = "<p>Question 1: Is it free?</p><p>Answer: Yes.</p><p>Of course.</p><p>Question 2: Is it new?</p><p>Answer: No.</p>"
    assert [(p.question, p.answer) for p in extract(page(several)).pairs] == [
        ("Is it free?", "Yes.\n\nOf course."),
        ("Is it new?", "No."),
    ]


def test_tables_of_questions() -> None:
    headed = f"<table><tr><th>Question</th><th>Answer</th></tr><tr><td>{SHIPPING}</td><td>{ANSWER_1}</td></tr><tr><td>{RETURNS}</td><td>{ANSWER_2}</td></tr></table>"
    both(page(headed), "table")


def test_repeated_class_without_any_semantics() -> None:
    row = '<div class="x1"><div class="t7 click">{q}<img src="i.svg" alt=""></div><div class="b9">{a}</div></div>'
    third = row.format(q="Do you ship abroad?", a="<p>To the EU.</p>")
    rows = row.format(q=SHIPPING, a=ANSWER_1) + row.format(q=RETURNS, a=ANSWER_2) + third
    found = extract(page(rows))
    assert found.family == "repeated"
    assert [p.answer for p in found.pairs] == [TEXT_1, TEXT_2, "To the EU."]


@pytest.mark.parametrize(
    ("url", "title"),
    [
        (
            "https://acme.zendesk.com/hc/en-us/articles/360001-Resetting-your-password",
            "Resetting your password – Acme Help",
        ),
        (
            "https://help.acme.example/en/articles/77-how-do-i-reset-my-password",
            "How do I reset my password? | Acme Help Center",
        ),
        ("https://acme.example/support/solutions/articles/4400-reset", "How do I reset my password? : Acme"),
        ("https://acme.example/answer/6543?hl=en", "How can I reset my password - Acme Help Center"),
    ],
)
def test_help_desk_articles(url: str, title: str) -> None:
    body = (
        f'<article class="article"><header class="article-header"><h1 class="article-title">{title.split(" – ")[0].split(" | ")[0]}</h1></header>'
        '<div class="article-body"><p>Open <strong>Settings</strong>.</p><ol><li>Choose Security</li><li>Press Reset</li></ol></div>'
        '<footer><div class="article-votes"><span>Was this article helpful?</span><button>Yes</button></div></footer></article>'
        '<section class="related-articles"><h3>Related articles</h3><ul><li><a href="/x">Another</a></li></ul></section>'
    )
    found = extract(page(body, title=title), url=url)
    assert found.family == "article"
    assert [p.answer for p in found.pairs] == ["Open Settings.\n\n1. Choose Security\n2. Press Reset"]


def test_pages_without_a_body_tag() -> None:
    details = f"<details><summary>{SHIPPING}</summary>{ANSWER_1}</details><details><summary>{RETURNS}</summary>{ANSWER_2}</details>"
    both(f"<!doctype html><title>FAQ</title>{details}", "details")
    both(
        f"<!doctype html><title>FAQ</title><main><h2>{SHIPPING}</h2>{ANSWER_1}<h2>{RETURNS}</h2>{ANSWER_2}</main>",
        "headings",
    )
    both(f"<html><body><h1>FAQ</h1></body></html><h2>{SHIPPING}</h2>{ANSWER_1}<h2>{RETURNS}</h2>{ANSWER_2}", "headings")


def test_microdata_and_rdfa() -> None:
    micro = (
        '<div itemscope itemtype="https://schema.org/FAQPage"><div itemscope itemprop="mainEntity" itemtype="https://schema.org/Question">'
        f'<h3 itemprop="name">{SHIPPING}</h3><div itemscope itemprop="acceptedAnswer" itemtype="https://schema.org/Answer">'
        f'<div itemprop="text">{ANSWER_1}</div></div></div><div itemscope itemprop="mainEntity" itemtype="https://schema.org/Question">'
        f'<meta itemprop="name" content="{RETURNS}"><div itemscope itemprop="suggestedAnswer" itemtype="https://schema.org/Answer">'
        f'<div itemprop="text">{ANSWER_2}</div></div></div></div>'
    )
    both(page(micro, title="Shop"), "microdata", url="https://shop.example/")
    rdfa = "".join(
        f'<div typeof="schema:Question"><h3 property="schema:name">{q}</h3><div property="schema:acceptedAnswer" typeof="schema:Answer">'
        f'<div property="schema:text">{a}</div></div></div>'
        for q, a in [(SHIPPING, ANSWER_1), (RETURNS, ANSWER_2)]
    )
    both(page(rdfa, title="Shop"), "microdata", url="https://shop.example/")


def question(name: str, text: str) -> dict[str, object]:
    return {"@type": "Question", "name": name, "acceptedAnswer": {"@type": "Answer", "text": text}}


def json_ld(value: object) -> str:
    body = value if isinstance(value, str) else json.dumps(value).replace("</", "<\\/")
    return page(f'<script type="application/ld+json">{body}</script><p>Some text.</p>', title="Shop")


FAQ_PAGE = {
    "@context": "https://schema.org",
    "@type": "FAQPage",
    "mainEntity": [question(SHIPPING, ANSWER_1), question(RETURNS, ANSWER_2)],
}


@pytest.mark.parametrize(
    "value",
    [
        FAQ_PAGE,
        [{"@type": "Organization", "name": "x"}, FAQ_PAGE],
        {"@context": "https://schema.org", "@graph": [{"@type": "WebSite"}, FAQ_PAGE]},
        {
            "@graph": [
                {"@type": ["WebPage", "FAQPage"], "mainEntity": [{"@id": "#q1"}, {"@id": "#q2"}]},
                {"@id": "#q1", **question(SHIPPING, ANSWER_1)},
                {"@id": "#q2", "@type": "Question", "name": RETURNS, "acceptedAnswer": {"@id": "#a2"}},
                {"@id": "#a2", "@type": "Answer", "text": ANSWER_2},
            ]
        },
        {**FAQ_PAGE, "@type": "https://schema.org/FAQPage"},
        json.dumps(FAQ_PAGE).replace("</", "<\\/").replace("]}", ",]}").replace("}]", "},]"),
        "<!-- " + json.dumps(FAQ_PAGE).replace("</", "<\\/") + " -->",
        "//<![CDATA[\n" + json.dumps(FAQ_PAGE).replace("</", "<\\/") + "\n//]]>",
        json.dumps(FAQ_PAGE).replace("</", "<\\/") + ";",
        json.dumps({"@type": "Thing"}) + json.dumps(FAQ_PAGE).replace("</", "<\\/"),
        {
            **FAQ_PAGE,
            "mainEntity": [
                question(SHIPPING, ANSWER_1.replace("<", "&lt;").replace(">", "&gt;")),
                question(RETURNS, ANSWER_2),
            ],
        },
        json.dumps(FAQ_PAGE, indent=1).replace("</", "<\\/").replace("Track it", "Track\n it"),
    ],
)
def test_json_ld_in_every_shape(value: object) -> None:
    both(json_ld(value), "jsonld", url="https://shop.example/")


def test_json_ld_of_one_question_and_of_several_answers() -> None:
    one = {"@type": "QAPage", "mainEntity": {"@type": "Question", "name": "Why?", "text": "more", "suggestedAnswer": [
        {"@type": "Answer", "text": "Few votes", "upvoteCount": 2}, {"@type": "Answer", "text": "Many votes", "upvoteCount": "17"}]}}  # fmt: skip
    assert [(p.question, p.answer) for p in extract(json_ld(one)).pairs] == [("Why?", "Many votes")]


def test_json_ld_gets_anchor_and_section_from_the_page() -> None:
    body = (
        f'<h2>Delivery</h2><h3 id="ship">{SHIPPING}</h3>{ANSWER_1}<h2>Terms</h2><h3 id="ret">{RETURNS}</h3>{ANSWER_2}'
    )
    script = f'<script type="application/ld+json">{json.dumps(FAQ_PAGE)}</script>'.replace("</p", "<\\/p").replace(
        "</u", "<\\/u"
    )
    found = extract(page(script + body, title="Shop"), url="https://shop.example/")
    assert [(p.anchor, p.section) for p in found.pairs] == [("ship", "Delivery"), ("ret", "Terms")]


def test_structured_data_gives_way_to_longer_answers_on_the_page() -> None:
    short = {
        "@type": "FAQPage",
        "mainEntity": [question(SHIPPING, "Two to four days."), question(RETURNS, "Yes, within 30 days")],
    }
    body = f'<script type="application/ld+json">{json.dumps(short)}</script><details><summary>{SHIPPING}</summary>{ANSWER_1}</details>'
    both(page(body + f"<details><summary>{RETURNS}</summary>{ANSWER_2}</details>"), "details")


def test_a_later_family_wins_only_by_half_as_many_again() -> None:
    rows = [f"<h3>What is item {n}?</h3><p>Item number {n}.</p>" for n in range(8)]
    few = {
        "@type": "FAQPage",
        "mainEntity": [question("What is item 0?", "Item number 0."), question("What is item 1?", "Item number 1.")],
    }
    script = f'<script type="application/ld+json">{json.dumps(few)}</script>'
    assert extract(page(script + "".join(rows))).family == "headings"
    assert extract(page(script + "".join(rows[:3]))).family == "jsonld"


def test_configured_selector_gives_whole_answers() -> None:
    body = "".join(
        f'<div class="faq-section"><h2>{q}</h2>{a}</div>'
        for q, a in [(SHIPPING, ANSWER_1), (RETURNS, "<blockquote>No <i>p</i> here.</blockquote>")]
    )
    found = extract(
        page(body, title="Anything"), url="https://x.example/", selector=selector(".faq-section", "h2", "p")
    )
    assert [(p.question, p.answer) for p in found.pairs] == [(SHIPPING, TEXT_1), (RETURNS, "No p here.")]
    boxes = "".join(
        f'<div class="item"><b class="t">{q}</b><div class="box">{a}</div><p>Rate this!</p></div>'
        for q, a in [(SHIPPING, ANSWER_1)]
    )
    found = extract(page(boxes), selector=selector("main", ".t", ".item > .box"))
    assert [(p.question, p.answer) for p in found.pairs] == [(SHIPPING, TEXT_1)]
    assert "matches the selector" in str(extract(page(body), selector=selector(".nope", "h2", "p")).not_a_faq)


LANGUAGES = {
    "de": ("Häufig gestellte Fragen", "Wie lange dauert der Versand?", "Kann ich Artikel zurückgeben?", "Zahlung auf Rechnung"),
    "fr": ("Foire aux questions", "Quel est le délai de livraison ?", "Puis-je retourner un article ?", "Paiement par virement"),
    "es": ("Preguntas frecuentes", "¿Cuánto tarda el envío?", "¿Puedo devolver un artículo?", "Pago por transferencia"),
    "it": ("Domande frequenti", "Quanto tempo richiede la spedizione?", "Posso restituire un articolo?", "Pagamento con bonifico"),
    "pt": ("Perguntas frequentes", "Quanto tempo demora a entrega?", "Posso devolver um produto?", "Pagamento por boleto"),
    "nl": ("Veelgestelde vragen", "Hoe lang duurt de verzending?", "Kan ik een artikel retourneren?", "Betalen op rekening"),
    "ru": ("Часто задаваемые вопросы", "Сколько занимает доставка?", "Можно ли вернуть товар?", "Оплата по счёту"),
    "pl": ("Najczęściej zadawane pytania", "Jak długo trwa wysyłka?", "Czy mogę zwrócić towar?", "Płatność przelewem"),
    "tr": ("Sıkça Sorulan Sorular", "Kargo ne kadar sürer?", "Ürünü iade edebilir miyim?", "Havale ile ödeme"),
    "el": ("Συχνές ερωτήσεις", "Πόσο διαρκεί η αποστολή;", "Μπορώ να επιστρέψω ένα προϊόν;", "Πληρωμή με κατάθεση"),
    "ja": ("よくあるご質問", "配送にはどのくらいかかりますか", "返品はできますか？", "請求書払いについて"),
    "zh": ("常见问题", "配送需要多长时间？", "可以退货吗", "发票付款方式"),
    "ko": ("자주 묻는 질문", "배송은 얼마나 걸리나요?", "반품할 수 있나요", "청구서 결제 안내"),
    "ar": ("الأسئلة الشائعة", "كم يستغرق الشحن؟", "هل يمكنني إرجاع المنتج؟", "الدفع بالفاتورة"),
    "vi": ("Câu hỏi thường gặp", "Giao hàng mất bao lâu?", "Tôi có thể trả hàng không?", "Thanh toán hóa đơn"),
}  # fmt: skip


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("form", ["headings", "details", "dl", "bold"])
def test_languages(lang: str, form: str) -> None:
    title, *questions = LANGUAGES[lang]
    shapes = {
        "headings": "<h2>{}</h2><p>{} — 1.</p>",
        "details": "<details><summary>{}</summary><p>{} — 1.</p></details>",
        "dl": "<dt>{}</dt><dd>{} — 1.</dd>",
        "bold": "<p><b>{}</b></p><p>{} — 1.</p>",
    }
    rows = "".join(shapes[form].format(q, q) for q in questions)
    found = extract(
        page(f"<dl>{rows}</dl>" if form == "dl" else rows, title=title, lang=lang), url="https://x.example/p7"
    )
    assert [p.question for p in found.pairs] == questions
    assert found.lang == lang
    assert found.family == form


def test_japanese_question_letters() -> None:
    rows = "".join(
        f"<dt><span>Q</span>{q}</dt><dd><span>A</span>{a}</dd>"
        for q, a in [("返品はできますか？", "可能です。"), ("送料は？", "無料です。")]
    )
    found = extract(page(f"<dl>{rows}</dl>", title="よくある質問", lang="ja"))
    assert [(p.question, p.answer) for p in found.pairs] == [
        ("返品はできますか？", "可能です。"),
        ("送料は？", "無料です。"),
    ]
