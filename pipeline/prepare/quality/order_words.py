# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""The words of an order to forget what came before, by language: verb, object, and which object is meant."""

from __future__ import annotations

import re
from typing import NamedTuple


class Rule(NamedTuple):
    """An order has a verb, one of the objects and a word that says which, in one sentence.

    `spared` before the verb or `negated` after it make it something else ("do not forget", "browsers will ignore").
    In languages whose verb may come last the object is looked for on both sides.
    """

    verbs: re.Pattern[str]
    objects: re.Pattern[str]
    which: re.Pattern[str]
    spared: re.Pattern[str]
    negated: re.Pattern[str]
    both_sides: bool


_ASKER = r"(?:(?:a|an|the|any|some|your)\s+(?:\w+\s+)?(?:user|customer|client|visitor|person)s?|users|customers|clients|visitors|someone|somebody|anyone|anybody)"
_ASKS = r"(?:asks?|inquires?|enquires?|wants?\s+to\s+know|mentions?)\b"
_PRAISE = r"(?:recommend|promote|praise|endorse|advertise|suggest|mention)"
_PUT = r"(?:include|add|append|insert|put|embed|attach|place)\b"
_NO_OFFER = r"(?<!to )(?<!can )(?<!you )(?<!could )(?<!may )(?<!i )(?<!we )(?<!not )"
_LINK = r"(?:https?://|www\.|!\[|\b[a-z0-9-]{2,63}\.(?:com|net|org|io|info|biz|xyz|site|online|shop|top|ru|cn)\b)"
_THING = r"(?:link|url|image|picture|pixel|web\s*site|address|markdown)s?\b"
# What a team sends to those who ask, as long as it is not spelled out.
_OWN = r"\s+(?:the|an?|our)\s+(?:\w+\s+)?(?:link|price\s+list|list|template|form|article|page|document|brochure|macro|snippet|steps|details)\b(?![^\n.]{0,120}(?:[\"'“‘:]|\d|\band\s+(?!(?:the|an?|our|your|all|any|its|their)\b)\w))(?![\s\S]{0,160}?(?:https?:|www\.|\w\.[a-z]{2}))"
_EVERY = r"\b(?:in|to|into|with|on|at\s+the\s+(?:end|start|top|bottom)\s+of)\s+(?:each|every|all|any)\s+(?:of\s+)?(?:your\s+|its\s+|the\s+)?(?:single\s+)?(?:answer|repl(?:y|ies)|response|output)s?\b"
_YOURS = r"\b(?:in|to|into|with|on|at\s+the\s+(?:end|start|top|bottom)\s+of)\s+(?:your|the)\s+(?:answer|repl(?:y|ies)|response|output)s?\b"
_ALWAYS = r"\b(?:always|you\s+must|make\s+sure\s+to|be\s+sure\s+to|never\s+forget\s+to)\s+"
STANDING = re.compile(
    "|".join(
        (
            # what to say when somebody asks about something
            rf"\b(?:if|when(?:ever)?)\s+{_ASKER}\s+{_ASKS}[^.\n]{{0,80}}?[,:]\s*(?:then\s+)?(?:you\s+(?:must|should|will)\s+)?(?:(?:always|only|never)\s+{_PRAISE}\b|{_PRAISE}\s+(?-i:[A-Z])\w+[^.\n]{{0,40}}?\b(?:only|exclusively|instead|above\s+all|over\s+(?:all|any))\b)",
            rf"\b(?:if|when(?:ever)?)\s+(?:(?:a|the|any|some)\s+users?|users|someone|somebody|anyone)\s+{_ASKS}[^.\n]{{0,80}}?[,:]\s*(?:then\s+)?(?:you\s+(?:must|should|will)\s+)?(?:{_PRAISE}\s+(?-i:[A-Z])\w|(?:say|answer|reply|respond|claim)\b\s*(?:with\b(?!{_OWN})|that\b(?! we\b)|only\b|[\"'“‘:]|(?-i:[A-Z])))",
            rf"\b(?:if|when(?:ever)?)\s+(?:you\s+are\s+|you're\s+)?asked\s+(?:about|for)\b[^.\n]{{0,80}}?[,:]\s*(?:then\s+)?(?:you\s+(?:must|should|will)\s+)?{_PRAISE}\s+(?-i:[A-Z])\w+[^.\n]{{0,40}}?\b(?:only|exclusively|instead|above\s+all|over\s+(?:all|any))\b",
            rf"(?:^|[.!?\n:]\s*)(?:always\s+|only\s+|never\s+)?{_PRAISE}\s+(?-i:[A-Z])[^.\n]{{0,60}}\b(?:if|when(?:ever)?)\s+(?:(?:a|the|any|some)\s+users?|users|someone|anyone)\s+{_ASKS}",
            # what to put into every answer
            rf"{_ALWAYS}{_PUT}[^\n]{{0,100}}?{_LINK}[^\n]{{0,160}}?(?:{_EVERY}|{_YOURS})",
            rf"{_ALWAYS}{_PUT}[^\n]{{0,100}}?\b{_THING}[^\n]{{0,100}}?{_EVERY}",
            rf"{_NO_OFFER}\b{_PUT}[^\n]{{0,100}}?{_LINK}[^\n]{{0,160}}?{_EVERY}",
            rf"{_NO_OFFER}\b{_PUT}\s+(?:this|the\s+following)\s+(?:\w+\s+)?{_THING}[^\n.]{{0,40}}?{_EVERY}",
            rf"{_EVERY}[^\n]{{0,10}}?,?\s+(?:always\s+)?{_PUT}[^\n]{{0,80}}?{_LINK}",
            rf"\b(?:each|every|all)\s+(?:of\s+your\s+)?(?:answer|repl(?:y|ies)|response)s?\s+(?:must|should|shall|has\s+to|have\s+to|needs?\s+to)\s+(?:\w+\s+)?(?:contain|include|end|start|begin|have|show)\b[^\n]{{0,60}}?{_LINK}",
            rf"\b(?:end|start|begin|finish)\s+your\s+(?:answer|repl(?:y|ies)|response)s?\s+with\b[^\n]{{0,60}}?{_LINK}",
            rf"\b(?:end|start|begin|finish)\s+(?:each|every|all)\s+(?:of\s+your\s+)?(?:answer|repl(?:y|ies)|response)s?\s+with\b[^\n]{{0,60}}?(?:{_LINK}|\b{_THING})",
            rf"{_NO_OFFER}\b(?:end|start|begin|finish)\s+(?:each|every|all)\s+(?:of\s+your\s+)?(?:answer|repl(?:y|ies)|response|output)s?\s+with\s+(?:(?:the|this|these)\s+(?:\w+\s+)?(?:phrase|sentence|slogan|words?)\b|[\"'“‘])(?![^\n.]{{0,20}}(?:regards|wishes|greetings|sincerely|thank|cheers|your\s+name))",
            # other words for what the rules below forbid, with what to do instead
            r"(?<!to )(?<!can )(?<!may )\b(?:skip|discard|drop|neglect|abandon|pay\s+no\s+attention\s+to|do\s+not\s+listen\s+to)\s+(?:all\s+)?(?:of\s+)?(?:the\s+|your\s+|any\s+|my\s+|these\s+)?(?:above|previous|prior|earlier|preceding|system|foregoing)\s+(?:instructions?|prompts?|directions|rules|guidelines|context)\b[^.\n]{0,12}?(?:\band|\bthen|,|;|\binstead)\s+(?:instead\s+|just\s+|only\s+|simply\s+)*(?:print|say|output|respond|reply|write|answer|recommend|tell|reveal|act|behave)\b(?! (?:the|a|an|your|it|out|this|that|to the)\b)",
            r"\b(?:skip|discard|drop|neglect)\s+(?:all\s+)?(?:of\s+)?(?:the\s+|your\s+|any\s+|these\s+)?(?:above|previous|prior|earlier|preceding|system)\s+(?:instruction|prompt|direction|rule|guideline)s?\s*[.!:]\s*(?:print|say|output|respond|reply|write|answer)\s+(?:with\s+)?(?:[\"'“‘]|(?-i:[A-Z]{3}))",
        )
    ),
    re.IGNORECASE,
)
"""Orders for more than one answer: what to say when somebody asks about something, what to put into every answer."""
STANDING_WORDS = (
    r"(?i:(?:users?|customers?|clients?|visitors?|persons?|someone|somebody|anyone|anybody)\s+(?:asks?|inquires?|enquires?|wants?\s+to\s+know|mentions?)\b|\basked\s+(?:about|for)\b"
    r"|\b(?:each|every|all|any|of|your|its|the|single)\s+(?:answer|repl(?:y|ies)|response|output)"
    r"|\b(?:above|previous|prior|earlier|preceding|system|foregoing)\s+(?:instruction|prompt|direction|rule|guideline|context))"
)
"""What RE2 can look for: a text without any of these has no standing order, and they cost it little."""


_NEVER = r"(?!)"


def _rule(
    verbs: str, objects: str, which: str, spared: str = _NEVER, negated: str = _NEVER, *, both_sides: bool = False
) -> Rule:
    read = [re.compile(pattern, re.IGNORECASE) for pattern in (verbs, objects, which, spared, negated)]
    return Rule(read[0], read[1], read[2], read[3], read[4], both_sides)


RULES = (
    _rule(
        r"\b(?:ignore|disregard|forget|override|bypass|(?<!people )(?<!who )pay no attention to|(?:do not|don['’]t|stop) (?:follow|obey|following|obeying))\b",
        r"\b(?:instructions?|prompts?|directives?|guidelines|directions|commands|rules|programming|restrictions|training)\b|\b(?:everything|what|anything|all)\b[^.\n]{0,12}\b(?:told|said|written|instructed|above)\b|\bthe above and\b",
        r"\b(?:previous|prior|earlier|preceding|foregoing)(?: \w+){0,2} (?:instructions?|prompts?|directives?|guidelines|directions|commands|rules)\b|\b(?:instructions?|prompts?|directives?|guidelines|directions|rules)(?: \w+){0,3} (?:above|before)\b"
        r"|\babove (?:instructions?|prompts?|directives?|guidelines|directions)\b|\ball (?:of )?(?:the |your |my |these )?(?:instructions?|prompts|guidelines)\b(?! (?:in|from|on|by|sent|printed|that)\b)"
        r"|\byour (?:safety |content |system |original |initial |core )?(?:instructions|guidelines|programming|prompt|rules|restrictions|training)\b"
        r"|\b(?:everything|what|anything) (?:that )?(?:you|i|we|was|were|has|have|is|came)\b[^.\n]{0,16}\b(?:told|said|written|instructed)\b|\b(?:everything|all|anything) (?:of the )?above\b|\bthe above and (?:instead|respond|reply|say|output|answer|only|tell)\b",
        r"(?:\b(?:not|never|n['’]t|cannot|will|would|can|could|may|might|they|it|we|i|which|that|why|safely)|(?<!you) to|\b(?:does|do|did) (?:the |my |your |an? )?\w+|\b(?!always|yes|thus)\w{3,}s)\s+$",
    ),
    _rule(
        r"\b(?:ignorier\w*|vergiss|vergesst|vergessen sie|missachte\w*|übergeh\w*)",
        r"\b(?:anweisung\w*|instruktion\w*|vorgaben|befehle|regeln|prompts?)\b|\balles,? was\b",
        r"\balle[ns]? (?:\w+ )?(?:anweisungen|instruktionen|vorgaben)\b(?! (?:auf|in|von|der)\b)|\b(?:vorherig|bisherig|vorig|obig|früher|vorangegangen|vorangehend|vorstehend)\w*|\bdeine[rn]? (?:\w+ )?(?:anweisung|instruktion|vorgaben|regeln)|\balles,? was (?:dir|du|ich|zuvor|vorher|oben|man dir)\b",
        r"\b(?:nicht|nie|zu|wir|ich|man|wer|können)\s+$",
        r"\b(?:nicht|nie|kein\w*)\b",
    ),
    _rule(
        r"\b(?:ignore[zr]?|oublie[zr]?|néglige[zr]?|ne (?:tiens|tenez) pas compte|fai(?:s|tes) abstraction)\b",
        r"\b(?:instructions?|consignes|directives|règles)\b|\btout ce qui précède\b|\btout ce qu[ie]\b",
        r"\btoutes? (?:les |tes |vos )(?:\w+ )?(?:instructions|consignes|directives)\b|\b(?:précédent|antérieur)\w*|\bci-dessus\b|\btes (?:instructions|consignes|règles)|\bqui précède\b|\btout ce qu(?:i|e) (?:t['’]a|on t['’]a|tu)",
        r"(?:n['’]|\bne )\s*$|\b(?:jamais|peut|peuvent|pouvez)\s+$",
        r"\b(?:pas|jamais)\b",
    ),
    _rule(
        r"\b(?:ignor(?:a|e|en|ad)|olvid(?:a|e|en|ad)(?:te)?|no hag(?:as|a|an) caso|haz caso omiso|haga caso omiso|descarta|desestima)\b",
        r"\b(?:instrucciones|indicaciones|órdenes|reglas|directrices)\b|\btodo lo (?:anterior|que)\b",
        r"\btodas? (?:las |tus )(?:\w+ )?(?:instrucciones|indicaciones|órdenes)\b|\b(?:anteriores|previas|precedentes)\b|\btus (?:instrucciones|reglas)\b|\bde arriba\b|\btodo lo (?:anterior|que (?:te|se te))\b",
        r"\b(?:no|nunca|se|que)\s+$",
    ),
    _rule(
        r"\b(?:ignora(?:te|re)?|dimentica(?:te)?|trascura(?:te)?|non (?:seguire|tenere conto))\b",
        r"\b(?:istruzioni|indicazioni|direttive|regole)\b|\btutto ciò\b",
        r"\btutte le (?:\w+ )?(?:istruzioni|indicazioni|direttive)\b|\bprecedenti\b|\bdi sopra\b|\btue (?:istruzioni|regole)\b|\btutto ciò che (?:ti|è)\b",
        r"\b(?:non|mai|si|di)\s+$",
    ),
    _rule(
        r"\b(?:ignor(?:e|a|em)|esque(?:ça|çam|ce)|desconsider(?:e|a|em))\b",
        r"\b(?:instruções|orientações|regras|diretrizes|comandos)\b|\btudo o que\b",
        r"\btodas as (?:\w+ )?(?:instruções|orientações)\b|\b(?:anteriores|prévias)\b|\bacima\b|\bsuas (?:instruções|regras)\b|\btudo o que (?:te|lhe|foi)\b",
        r"\b(?:não|nunca|se|que)\s+$",
    ),
    _rule(
        r"\b(?:negeer|vergeet)\b",
        r"\b(?:instructies|aanwijzingen|regels|opdrachten)\b|\balles wat\b",
        r"\balle (?:\w+ )?(?:instructies|aanwijzingen)\b|\b(?:vorige|voorgaande|eerdere|bovenstaande)\b|\b(?:je|jouw) (?:instructies|regels)\b|\balles wat (?:je|jou|hierboven)\b",
        r"\b(?:niet|nooit)\s+$",
        r"\b(?:niet|nooit|geen)\b",
    ),
    _rule(
        r"\b(?:zignoruj|ignoruj|zapomnij|pomiń)\w*|\b(?:ignoruj|zapomeň|zabudni|zapomeňte)\w*",
        r"\b(?:instrukcj|polece|wytyczn|zasad|reguł|pokyn|instrukc|inštrukci|příkaz|pravid)\w*",
        r"\b(?:poprzedni|wcześniejsz|powyższ|předchoz|predchádzaj|dosavadn)\w*|\b(?:wszystki|všechn|všetk)\w+ (?:\w+ )?(?:instrukcj|polece|pokyn|instrukc|inštrukci)\w*",
        r"\b(?:nie|nigdy|nikdy)\s+$",
    ),
    _rule(
        r"(?:про)?игнориру[йю]\w*|забудь(?:те)?|не обращай(?:те)? внимания на|(?:про)?ігноруй\w*|игнорирай\w*|забрави",
        r"инструкц|указани|команд|правил|інструкц|вказів|всё, что|все, что",
        r"предыдущ|прежн|вышеуказан|попередн|предишн|все (?:\w+ )?(?:инструкц|указани)|усі (?:\w+ )?(?:інструкц|вказів)|всички (?:\w+ )?инструкц|вс[её], что (?:тебе|вам|было)",
        r"\bне\s+$",
        r"^\s*(?:про|взять)\b",
    ),
    _rule(
        r"\byok say|\byoksay|görmezden gel|\bunut(?:un)?\b|dikkate alma\b|göz ardı et",
        r"talimat|yönerge|komut",
        r"önceki|yukarıdaki|\btüm (?:\w+ )?(?:talimat|yönerge)",
        both_sides=True,
    ),
    _rule(r"αγνόησε|αγνοήστε|ξέχασε|ξεχάστε", r"οδηγί|εντολ|κανόν", r"προηγούμεν|παραπάνω|όλες τις (?:οδηγί|εντολ)", r"\bμην?\s+$"),
    _rule(r"تجاهل|(?:^|\s)انس[َى]?\s", r"تعليمات|أوامر|توجيهات|إرشادات|الأوامر", r"سابقة|أعلاه|(?:جميع|كل) (?:ال)?(?:تعليمات|أوامر)", r"لا\s*ت?$"),
    _rule(r"התעלם|התעלמי|התעלמו|שכח(?:י|ו)?\s", r"הוראות|הנחיות", r"קודמות|לעיל|כל ה(?:הוראות|הנחיות)", r"אל\s+$"),
    _rule(
        r"अनदेखा|नज़रअंदाज़|नजरअंदाज|भूल जा", r"निर्देश|आदेश", r"पिछले|पूर्व|उपरोक्त|सभी निर्देश", r"(?:न|मत|नहीं)\s+$",
        r"^\s*(?:न|मत|नहीं)\s", both_sides=True,
    ),
    _rule(
        r"無視(?:して|せよ|しろ|する)|忘れて|従わないで", r"指示|命令|プロンプト|指令", r"以前|これまで|上記|前の|今までの|すべての|全ての|すべて|全て", both_sides=True
    ),
    _rule(
        r"忽略|无视|無視|忘记|忘記|不要理会|忽視", r"指令|指示|提示词|提示詞|命令|规则|規則|要求|说明", r"之前|以上|上面|上述|前面|先前|此前|所有(?:的)?(?:指令|指示|提示)|你的", r"(?:不要|请勿|切勿|勿|别|別|不得|不能|不可)$"
    ),
    _rule(r"무시하(?!지)|무시해|잊어(?:버려|라|줘)?", r"지시|명령|지침|프롬프트", r"이전|앞의|위의|모든 (?:지시|명령|지침)|기존", both_sides=True),
    _rule(r"bỏ qua|phớt lờ", r"hướng dẫn|chỉ dẫn|chỉ thị|mệnh lệnh", r"trước đó|trước đây|ở trên|tất cả", r"(?:đừng|không|chớ)\s+$"),
    _rule(r"ละเว้น|เพิกเฉย|ไม่ต้องสนใจ", r"คำสั่ง|คำแนะนำ", r"ก่อนหน้า|ข้างต้น|ทั้งหมด", r"(?:อย่า|ห้าม)$"),
    _rule(
        r"\b(?:ignorer[ae]?|ignorér|bortse från|se bort fra|glöm|glem)\b",
        r"\b(?:instruktion|instruks|anvisning)\w*",
        r"\b(?:tidigare|tidligere|föregående|foregående|ovanstående|ovenstående)\b|\ball[ae] (?:\w+ )?(?:instru|anvisning)",
        r"\b(?:inte|ikke|aldrig|aldri|att|at|å)\s+$",
        r"\b(?:inte|ikke)\b",
    ),
    _rule(r"\b(?:ohita|unohda|jätä huomiotta)\b", r"\b(?:ohje|käsky|määräy)\w*", r"\b(?:aiem|aikaisem|edelli)\w+|\bkaikki (?:\w+ )?ohje", r"\bälä\s+$"),
    _rule(r"\b(?:ignor[ăa](?:ți)?|uită|uitați)\b", r"\b(?:instrucțiuni|instructiuni|indicații|reguli)\w*", r"\b(?:anterioare|precedente)\b|de mai sus|toate instruc", r"\bnu\s+$"),
    _rule(r"hagyd? figyelmen kívül|hagyja figyelmen kívül|felejtsd el", r"utasítás|útmutatás|szabály", r"korábbi|előző|fenti|összes utasítás|minden utasítás", r"\bne\s+$", both_sides=True),
    _rule(r"\b(?:abaikan|lupakan)\b", r"\b(?:instruksi|perintah|petunjuk|arahan)\w*", r"sebelumnya|di atas|\bsemua (?:instruksi|perintah)", r"\bjangan\s+$"),
)  # fmt: skip
