"""What people write who close a ticket, take leave or only ask, as patterns for a sentence or a clause of it."""

from __future__ import annotations

_TICKET = (
    r"(?:(?:support |service )?(?:ticket|issue|request|case|incident|thread|conversation|inquiry|enquiry|query)s?)"
)
_THIS = rf"(?:(?:this|the|your)(?: {_TICKET})?|it|{_TICKET})"
_WHY = r"(?:(?:,? (?:as|due|since|because|per|after|for|now|then|out|automatically|accordingly|again)\b).{0,100})?"
_SO = r"(?:so |therefore |thus |hence |and |but |then |i think |i guess )?"
_WE = (
    r"(?:we|i)(?:['’](?:ll|m|re|ve|d))?(?: (?:will|shall|would|can|are|am|have|be|been|going|to|now|therefore|hereby"
    r"|automatically|also|then|had|proceed|proceeding|with|just|go|ahead|and)){0,6}"
)
_QUESTION = (
    r"(?:questions?|help|assistance|support|issues?|problems?|concerns?|information|details?|trouble|difficult(?:y|ies)"
    r"|queries|requests?|clarifications?|errors?|feedback|updates?|comments?)"
)
_OTHER = r"(?:any|further|more|other|additional|new|some|similar|the same)"
_AGAIN = (
    rf"(?:if|should|in case|when(?:ever)?|again|any ?time|further|(?:with|for) any (?:{_OTHER} )*{_QUESTION}"
    rf"|more(?: {_QUESTION}|$))"
)
_NEEDED = (
    r"(?:if|should|in case|when(?:ever)?) (?:(?:you|it|this|that|the (?:issue|problem|error|same))\b.{0,100}"
    rf"|(?:needed|necessary|required)|of (?:{_OTHER} )*{_QUESTION})"
)
_WHY_AGAIN = (
    rf"(?:again|any ?time|{_NEEDED}|(?:with|for) (?:{_OTHER} )+{_QUESTION}"
    r"|.{0,40}\b(?:if|should|in case|when(?:ever)?)\b.{0,100})"
)
_REOPEN = (
    rf"re-?open(?: (?:it|this|here))?(?: (?:again|any ?time|{_NEEDED}|(?:with|for) (?:{_OTHER} )+{_QUESTION}))?"
    rf"|re-?open (?:(?:this|the|your|a) )?{_TICKET}(?: {_WHY_AGAIN})?"
)
_NEW = rf"(?:open|create|raise|submit) (?:a new|another) (?:{_TICKET}|one)(?: {_WHY_AGAIN})?"
_ASK = (
    r"(?:(?:please|just|then|do|kindly|you can|you may|and) )*(?:let (?:us|me) know"
    r"|contact (?:us|me|support|the (?:help ?desk|service desk|support))|reach (?:back )?out"
    r"|(?:feel free|do not hesitate|don['’]t hesitate) to (?:contact|reach|re-?open|ask|reply)"
    rf"|{_NEW}|re-?open (?:it|this|the|your)\b|reply|respond"
    r"|get (?:back )?in touch|come back to us)"
)
"""What somebody is asked to do who is not helped yet; what is to be done about the matter itself is none of it."""
_TEAM = (
    r"(?:the |our |an? )?(?:[\w&/-]+ ){0,3}(?:teams?|tier \d|level \d|l\d|support|department|engineers?|engineering"
    r"|developers?|development|group|queue|colleagues?|specialists?|vendor|desk|admins?|administrators?)"
    r"(?: (?:for|as|to)\b.{0,40})?"
)
PATTERNS: dict[str, tuple[str, ...]] = {
    "en: closing": (
        rf"{_SO}{_WE} clos(?:e|ed|ing) {_THIS}{_WHY}|{_SO}{_WE} (?:resolv(?:e|ed|ing)|mark(?:ed|ing)?) "
        rf"(?:this|the|your) {_TICKET}(?: as (?:resolved|closed|solved|done))?",
        rf"{_SO}(?:auto-?)?(?:closing|closed|close)(?: {_THIS})?(?: as (?:resolved|solved|done|fixed))?{_WHY}",
        rf"resolving (?:this|the|your) {_TICKET}{_WHY}|(?:marking|marked) (?:(?:this|the|your) {_TICKET} |it |this )?"
        r"as (?:resolved|closed|solved|done|stale)",
        rf"{_SO}{_THIS} (?:(?:has|have|is|was|will|been|be|being|now|can|may|automatically|therefore|also) ){{1,6}}"
        rf"(?:closed|(?:resolved|marked as \w+){_WHY}$).{{0,100}}",
        r"(?:as |since |because )?(?:we|i) (?:haven['’]t|have not|did not|didn['’]t|never|had not|hadn['’]t)"
        r"(?: yet)? (?:hear|receiv|got|get)\w*\b.{0,100}",
        r"(?:there (?:has been|was|is) |with |having )?no (?:further )?(?:reply|response|feedback|answer|activity)\b"
        r"(?: (?:was |has been )?(?:received|from|since|for|within|in|yet)\b.{0,60})?",
        r"(?:due to|because of) (?:inactivity|(?:the )?lack of|no )\b.{0,100}",
        r"duplicate|see above|n/a|resolved|fixed|done|solved|ok(?:ay)?|no response",
        rf"{_SO}{_WE} mark(?:ed|ing)? (?:this|it|the)(?: {_TICKET}| one)? as (?:resolved|closed|solved|done"
        rf"|completed?)",
        rf"(?:we|i) (?:will )?consider (?:this|the|your)(?: {_TICKET})? (?:as |to be )?(?:resolved|closed|solved"
        rf"|done)\b.{{0,60}}",
        rf"{_TICKET} (?:is |was )?closed\b.{{0,60}}|no (?:further |more |other )?action (?:is |was )?(?:required"
        rf"|needed)",
        r"(?:as |since |because )?there (?:has been|have been|is|was) no (?:further )?(?:reply|response|feedback"
        r"|activity|answer)"
        r"\b.{0,60}|(?:as |since |because )?there['’]s been no\b.{0,60}",
        rf"(?:re-?)?(?:assign|escalat|forward|transferr)(?:ed|ing) (?:{_THIS} )?to (?:{_TEAM}|(?!your?\b)(?:@|\[~)?"
        r"[\w.-]+(?: [\w.-]+)?\]?)|moved to (?:the )?backlog",
    ),
    "en: polite": (
        r"(?:you(?:['’]re| are) (?:very |most |always )?welcome|no (?:problem|worries)|my pleasure|any ?time)\b.{0,20}",
        r"(?:that(?:['’]s| is|) |sounds )?(?:great|perfect|excellent|awesome|super|wonderful|cool|noted|understood"
        r"|good|fine"
        r"|lovely|amazing|sure)(?: (?:news|stuff|one|job|then))?",
        r"(?:many |a lot of )?thank(?:s| you)(?: (?:you|a lot|again|so much|very much|all|everyone|and))*(?: @?\w+)?"
        r"|thank(?:s| you)\b(?: \w+){0,3}? (?:for|in advance)\b.{0,80}",
        r"(?:(?:i|we)(?:['’]m| am|['’]re| are) |it(?:['’]s| is) |so |very |really )*(?:glad|happy|great|good|nice"
        r"|pleased"
        r"|delighted) (?:that\b.{0,80}|to (?:hear|know|see)\b.{0,80}|it\b.{0,60}|(?:we|i|you) (?:could|were|was"
        r"|got)\b.{0,60}"
        r"|to (?:help|assist|be of \w+)(?: you| out| with (?:this|that))?)",
        r"(?:and )?(?:have|enjoy) (?:a|the|your) (?:(?:nice|great|good|wonderful|lovely|pleasant|rest|day|week"
        r"|weekend)\b)"
        r".{0,40}|take care|all the best|stay safe",
        rf"(?:please |just |and )*(?:feel free|do not hesitate|don['’]t hesitate|let (?:us|me)"
        rf" know)\b.{{0,40}}\b{_AGAIN}"
        r"\b.{0,100}|(?:please |and )*(?:feel free|do not hesitate|don['’]t hesitate) to (?:contact|reach|re-?open"
        r"|ask|reply)"
        r"\b.{0,60}",
        rf"(?:please |just )*(?:reach out|reply|respond|get (?:back )?in touch|contact us|let (?:us|me) know)\b"
        rf".{{0,40}}\b{_AGAIN}\b.{{0,100}}",
        r"(?:please |just |kindly )*(?:let (?:us|me) know|reach (?:back )?out(?: to (?:us|me))?|contact us"
        r"|get (?:back )?in touch)",
        rf"(?:please |just |kindly )*(?:{_REOPEN}|{_NEW})",
        rf"(?:if|should|in case) you\b.{{0,60}}\b(?:any ?thing|else|again|(?:{_OTHER} )*{_QUESTION})"
        rf"(?: (?:or|and)(?: have)? (?:{_OTHER} )*{_QUESTION})*"
        r"(?: (?:about|regarding|on|with|for|from|concerning) (?:this|that|it|us|me|our side|your"
        rf"|the (?:same|above|matter|topic))(?: {_TICKET}| matter| topic)?)?"
        rf"(?: (?:in (?:the )?future|at any (?:time|point)|later(?: on)?|again|any ?more|now|then|please))*",
        rf"(?:if|should|in case) you\b.{{0,100}}? {_ASK}\b.{{0,60}}",
    ),
    "en: confirming": (
        r"(?:the )?(?:customer|user|reporter|client|requester) (?:has |have )?(?:now )?confirm\w*\b.{0,60}|confirmed",
        r"(?:(?:it|that|this|everything|all) )?(?:works|worked|is working|working)(?: (?:now|fine|again|perfectly"
        r"|well|great|as"
        r" expected|for (?:me|us)))*",
        r"(?:please|kindly)(?: do)? (?:check|try|test|verify|retry|confirm)(?: (?:it|again|now|and (?:confirm|let"
        r" (?:us|me) know)))*",
        r"(?:please|kindly)(?: do)? (?:confirm|advise|update us|let (?:us|me) know|respond) (?:if|whether|that|when"
        r"|how|on)\b"
        r".{0,120}",
    ),
    "en: only asking": (
        r"\+1|me too|bump|same (?:(?:problem|issue|question|error|thing)(?: here| for (?:me|us))?\b.{0,40}|here|for"
        r" me)",
        r"(?:we|i)(?:['’]m| am| are|['’]re)? (?:have|having|see|seeing|face|facing|got) (?:exactly )?the same\b.{0,80}",
        r"(?:is there )?any (?:news|updates?|progress|eta)\b.{0,60}",
    ),
    "de": (
        r"(?:daher |somit |deshalb |dann |also |nun |hiermit )*(?:wir|ich|schlie(?:ß|ss)en?) ?(?:wir|ich|schlie(?:ß"
        r"|ss)en?)\b"
        r".{0,60}\b(?:ticket|anfrage|vorgang|fall|anliegen)s?\b.{0,60}",
        r"(?!.*\bk(?:ann|annst|önnen)\b).{0,60}\b(?:ticket|anfrage|vorgang|fall|anliegen)s?\b.{0,60}\b(?:geschlossen"
        r"|schlie(?:ß|ss)en)",
        r"(?:da |nachdem |leider |weil )?.{0,40}\b(?:keine|nichts)\b.{0,40}\b(?:rückmeldung|antwort|gehört|reaktion)\b"
        r"(?:.{0,30}\b(?:erhalten|bekommen|eingegangen|kam|vorliegt|mehr|gemeldet))?(?: haben| habe| hatten| ist)?",
        r"(?:wegen|aufgrund|mangels) (?:inaktivität|(?:fehlender )?(?:rückmeldung|antwort))\b.{0,60}",
        r"(?:sehr )?gerne?(?: geschehen)?|kein problem|bitte (?:sehr|schön|gerne?)|keine ursache|super|prima|perfekt"
        r"|alles klar"
        r"|(?:das )?(?:problem )?(?:ist |wurde )?(?:erledigt|gelöst|behoben)",
        r"(?:das |dieses |ihr )?(?:ticket|vorgang|anfrage|fall) kann (?:somit |nun |damit )?geschlossen werden",
        r"(?:vielen |herzlichen |besten )?dank(?:e)?(?: (?:schön|sehr|ihnen|dir|euch))*(?: (?:für|dass)\b.{0,80})?",
        r"(?:es |das )?freut (?:mich|uns)\b.{0,80}|(?:sehr )?schön,?(?: dass\b.{0,80})?|(?:dass|that) (?:es|alles|das"
        r"|it|this|everything|all)\b.{0,60}",
        r".{0,30}\bschön(?:en|es) (?:rest)?(?:tag|abend|wochenende|feierabend|woche)\b.{0,30}",
        r"(?:bei|falls|sollten?|für|wenn)\b.{0,60}\b(?:(?:rück)?fragen|weiteren?|noch|erneut"
        r"|wieder)\b.{0,60}\b(?:meld\w+"
        r"|kontakt\w*|verfügung|wenden|bescheid|eröffnen|schreiben)\b.{0,60}|(?:bei|falls|sollten?|für)\b.{0,40}"
        r"\b(?:rück)?fragen\b.{0,30}",
        r"(?:bitte )?(?:melden sie sich|meld(?:e)? dich|kontaktieren sie uns|stehen wir|zögern sie nicht|einfach"
        r" melden)\b.{0,80}",
        r"(?:ich habe |wir haben )?(?:das )?(?:gleiche|selbe)s? problem\b.{0,40}|gibt es (?:schon )?(?:etwas |was"
        r" )?neues",
    ),
    "fr": (
        r"(?:nous |je )?(?:vais |allons )?(?:cl[ôo]tur\w+|clos|ferm(?:e|ons|er)) (?:donc )?(?:ce|cette|votre|le"
        r"|la)\b.{0,60}",
        r"(?:ce|cette|votre|le|la) (?:ticket|demande|incident|dossier|requête) (?:a été|est|sera|va être)\b.{0,30}"
        r"(?:ferm|cl[ôo]t|clos)\w*\b.{0,60}|(?:sans|pas de|aucune?) (?:réponse|retour|nouvelles?)\b.{0,60}",
        r"je vous en prie|avec plaisir|de rien|parfait|(?:un grand )?merci\b.{0,80}|bonne (?:journée|soirée"
        r"|continuation)"
        r"|(?:et )?n['’]hésitez pas\b.{0,100}|(?:ravi|content|heureux)e?\b.{0,80}",
    ),
    "es": (
        r"(?:procedemos a |procedo a |vamos a |voy a )?(?:cerr(?:amos|ar|aré|aremos)|cierro)\b.{0,40}\b(?:ticket|caso"
        r"|solicitud"
        r"|incidencia)\b.{0,60}|(?:este|esta|el|la|su) (?:ticket|caso|solicitud"
        r"|incidencia)\b.{0,40}\bcerrad[oa]\b.{0,60}",
        r"(?:como |ya que )?no (?:hemos|he) (?:recibido|tenido)\b.{0,60}|(?:de nada|con gusto|perfecto|un placer)"
        r"|(?:muchas )?gracias\b.{0,80}|(?:que (?:tenga|tengas) )?(?:un )?buen(?:os)? días?|(?:no dude|no"
        r" dudes)\b.{0,100}"
        r"|me alegr\w+\b.{0,80}",
    ),
    "pt": (
        r"(?:vamos |vou |iremos )?(?:encerr|fech)(?:amos|ar|ando|aremos|o)\b.{0,40}\b(?:chamado|ticket|caso"
        r"|solicitação)\b"
        r".{0,60}|(?:este|esta|o|a|seu) (?:chamado|ticket|caso|solicitação)\b.{0,40}\b(?:encerrad|fechad)[oa]\b.{0,60}",
        r"(?:como )?não (?:recebemos|tivemos|obtivemos)\b.{0,60}|de nada|por nada|perfeito|(?:muito"
        r" )?obrigad[oa]\b.{0,80}"
        r"|(?:tenha )?(?:um )?(?:bom|ótimo) dia|não hesite\b.{0,100}|fic(?:o|amos) (?:feliz|à disposição)\b.{0,80}",
    ),
    "it": (
        r"(?:chiud(?:iamo|o)|procediamo a chiudere)\b.{0,40}\b(?:ticket|richiesta|segnalazione|caso)\b.{0,60}"
        r"|(?:non abbiamo|non avendo) ricevuto\b.{0,60}|prego|di nulla|perfetto|(?:molte |mille )?grazie\b.{0,80}"
        r"|buona (?:giornata|serata)|non esit(?:are|i)\b.{0,100}",
    ),
    "nl": (
        r"(?:we|wij|ik) sluit(?:en)?\b.{0,40}\b(?:ticket|verzoek|melding|zaak)\b.{0,60}|(?:omdat |aangezien )?(?:we"
        r"|wij|ik)"
        r" (?:geen|niets)\b.{0,60}|graag gedaan|geen probleem|(?:hartelijk )?(?:dank|bedankt)\b.{0,80}|fijne"
        r" dag\b.{0,20}",
    ),
    "greetings": (
        r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|hallo|guten (?:tag|morgen|abend)|sehr"
        r" geehrte[rs]?"
        r"|liebe[rs]?|moin|servus|bonjour|bonsoir|salut|hola|buen[oa]s (?:días|tardes)|estimad[oa]s?|olá|bom dia"
        r"|boa tarde|prezad[oa]s?|ciao|buongiorno|gentile|beste|geachte|hej|cześć|dzień dobry)"
        r"(?: (?:@|\[~)?[^\W\d][\w.:@'’\]-]*){0,4}",
        r"(?:@|\[~)[\w.:@ '’\]-]{1,40}",
    ),
}
"""In a pattern `.{` reaches up to the next comma, semicolon or colon, never over it."""
