"""The words with which questions, their labels and invitations to ask begin, in some thirty languages."""

from __future__ import annotations

import re

QUESTION_WORDS = (
    r"q|ｑ|question|frage|vraag|pregunta|pergunta|domanda|fråga|spørsmål|spørgsmål|kysymys|вопрос|в(?=:)|питання|въпрос"
    r"|pytanie|otázka|kérdés|întrebare|soru|ερώτηση|سؤال|سوال|س|שאלה|ש|प्रश्न|प्र|câu\s+hỏi|hỏi|pertanyaan"
    r"|質問|问题|問題|问|問|질문"
)
"""What stands before a question ("Q:", "Frage 3:"), as the alternatives of a pattern that ignores case."""
ANSWER_WORDS = (
    r"a|ａ|answer|ans|antwort|antwoord|réponse|reponse|r|respuesta|resposta|risposta|svar|vastaus|ответ|о(?=:)|відповідь"
    r"|отговор|odpowiedź|odpověď|odpoveď|válasz|răspuns|cevap|yanıt|απάντηση|جواب|الجواب|پاسخ|ج|תשובה|ת|उत्तर|उ"
    r"|trả\s+lời|đáp|jawaban|jawab|回答|答え|答案|答|답변?"
)
"""What stands before an answer."""
LETTER_PAIRS = (("P", "R"), ("D", "R"), ("F", "A"), ("V", "A"))
"""Initials of question and answer in Spanish, Portuguese, Italian, German and Dutch: labels only where both stand."""

# First words of questions, and of the statements with which people describe a problem. Words are lower case.
_STARTERS = {
    "en": (
        "how what what's whats why why's when where where's who who's whom whose which can can't cannot could "
        "couldn't do "
        "don't does doesn't did didn't is isn't are aren't was were will won't would wouldn't should shouldn't "
        "may might "
        "must has hasn't have haven't am shall"
    ),
    "en problem": "i i'm i've i'd i'll my",
    "de": (
        "wie wieso warum weshalb wann wo woher wohin womit wofür worin wodurch wer wen wem wessen was welche "
        "welcher welches "
        "welchen welchem kann könnte können ist sind gibt gilt muss müssen darf dürfen soll sollte sollten hat "
        "haben wird "
        "werden funktioniert braucht brauche ich mein meine"
    ),
    "fr": (
        "comment pourquoi quand où qui que qu'est-ce quoi quel quelle quels quelles combien est-ce est-il "
        "peut-on puis-je "
        "dois-je faut-il existe-t-il je j'ai mon ma"
    ),
    "es": "¿ cómo qué porqué cuándo dónde quién quiénes cuál cuáles cuánto cuánta cuántos puedo puede debo "
    "existe hay tengo",
    "pt": "como que quê por porque quando onde quem qual quais quanto quanta quantos posso pode devo existe há eu meu",
    "it": "come cosa cos'è che perché quando dove dov'è chi quale quali qual quanto quanti posso può devo esiste ho",
    "nl": "hoe wat waarom wanneer waar wie welke welk kan kun is zijn moet mag heeft heb wordt hoeveel ik mijn",
    "sv no da": (
        "hur vad varför när var vem vilken vilka kan är hvordan hva hvorfor hvornår når hvor hvem hvilken "
        "hvilke hvilket hvad "
        "er har får jag jeg må skal"
    ),
    "fi": "miten mitä mikä miksi milloin missä mistä mihin kuka kuinka voinko onko voiko",
    "pl": "jak co dlaczego kiedy gdzie kto czy jaki jaka jakie ile skąd który która mogę",
    "cs sk": "jak ako co čo proč prečo kdy kedy kde kdo kto jaký jaká jaké aký aká aké kolik koľko mohu môžem je lze",
    "hu": "hogyan mi miért mikor hol ki melyik mennyi lehet van",
    "ro": "cum ce când unde cine care cât pot este există",
    "tr": "nasıl ne neden niçin niye nerede nereden hangi kim kaç",
    "ru uk bg": (
        "как что почему зачем когда где куда откуда кто какой какая какое какие каким можно могу ли сколько чем есть "
        "нужно у я мой як що чому навіщо коли де хто який яка чи скільки как какво защо кога къде кой мога може"
    ),
    "el": "πώς πως τι γιατί πότε πού που ποιος ποια ποιο ποιες μπορώ είναι υπάρχει",
    "ar fa": "كيف ما ماذا لماذا متى أين هل من كم أي چگونه چرا چه چطور آیا کجا",
    "he": "איך מה למה מתי איפה מי האם כמה איזה",
    "hi": "कैसे क्या क्यों कब कहाँ कौन",
    "id ms": "bagaimana apa apakah mengapa kenapa kapan siapa berapa bolehkah",
    "vi": "làm tại vì khi ai có",
}
FIRST_WORDS = frozenset(word for words in _STARTERS.values() for word in words.split())
FIRST_WORD_PAIRS = frozenset(
    (
        "o que",
        "a que",
        "é possível",
        "de ce",
        "de unde",
        "y a-t-il",
        "à qui",
        "à quoi",
        "à quel",
        "di mana",
        "è possibile",
    )
)
"""Beginnings of which the first word alone begins statements just as often."""

INVITATION = re.compile(
    r"^\W*(?:(?:do you |you )?(?:still )?(?:have|got|any|more|other|further|additional|still)\b.{0,24}\bquestions?\b"
    r"(?: or \b.{0,30})?"
    r"|(?:didn.t|did not|can.t|cannot|couldn.t|could not|don.t|do not) (?:you )?(?:find|see) (?:"
    r"(?:your|the|an?|any|enough) (?:right |specific |exact )?"
    r"(?:questions?|answers?|information|info|help|solutions?|topics?)\b.{0,40}"
    r"|what you\b.{0,12}\b(?:looking|searching|need(?:ed)?|want(?:ed)?)\b.{0,16})"
    r"|(?:is )?your question (?:is not|isn.t|was not|wasn.t|not) (?:answered|listed|here)\b.{0,50}"
    r"|(?:still )?need (?:more |further |some |any )?(?:help|assistance|support|information)\b.{0,20}"
    r"|(?:was|is|did) this (?:article|page|answer|information)?.{0,14}(?:helpful|useful|help)\b.{0,24}"
    r"|questions\W*|(?:noch|weitere|haben sie|hast du)\b.{0,24}\bfragen\b.{0,12}|brauchen sie (?:noch )?hilfe\b.{0,12}"
    r"|(?:une |d.autres |encore |vous avez )\W*(?:une |des |d.autres )?questions?\b.{0,12}"
    r"|¿?(?:tiene[sn]?|más|aún|todavía|otra)\b.{0,20}\b(?:preguntas?|dudas?)\b.{0,12}"
    r"|(?:ainda|tem|ficou|restou)\b.{0,20}\b(?:dúvidas?|perguntas?)\b.{0,12}"
    r"|(?:остались|есть|у вас)\b.{0,20}\bвопрос\w*\W*|(?:altre|hai|ancora)\b.{0,20}\bdomande\b.{0,8}"
    r"|(?:залишились|залишилися|є|маєте)\b.{0,20}\b(?:за)?питання\b.{0,8}|(?:нужна|нужно) (?:ещё )?помощь\b.{0,40}"
    r"|(?:masz|masz jeszcze|macie)\b.{0,20}\bpytani\w+\b.{0,8}|(?:nog|heb je|heeft u)\b.{0,20}\bvragen\b.{0,8}"
    r"|(?:har du|fler)\b.{0,20}\b(?:frågor|spørgsmål|spørsmål)\b.{0,8}"
    r"|(?:başka |hâlâ |hala )?(?:bir )?soru(?:nuz|larınız|n) (?:mu )?var\b.{0,8}"
    r"|(?:vẫn còn|bạn (?:vẫn )?(?:còn|có))\b.{0,20}(?:thắc mắc|câu hỏi)\b.{0,16}|masih (?:punya|ada) pertanyaan.{0,8}"
    r"|(?:هل )?(?:لا تزال )?(?:لديك|لديكم|عندك)\b.{0,20}(?:سؤال|أسئلة|اسئلة|استفسار\w*)\b.{0,16}"
    r"|(?:עדיין )?יש (?:לך|לכם)\b.{0,16}שאל(?:ה|ות)\b.{0,16}|(?:还有|還有|仍有).{0,8}(?:问题|問題|疑问|疑問).{0,4}"
    r"|(?:その他|他に|まだ)?.{0,6}(?:ご質問|ご不明な点).{0,4}(?:ありますか|ございますか|はありませんか)"
    r"|(?:더 |아직 |추가 )?(?:궁금한|질문|문의).{0,10}(?:있으신가요|있나요|있으세요)"
    r"|ready to get started\b.{0,12}|what.s (?:next|new)\b.{0,3})\W*$",
    re.IGNORECASE,
)
"""A heading that only invites to get in touch or to rate the page."""
