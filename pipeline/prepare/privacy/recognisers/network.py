# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""IP addresses that can lead to a person; those that no one on the Internet has are not personal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, ip_address, ip_network

from pipeline.prepare.privacy import names
from pipeline.prepare.privacy.recogniser import Recogniser, Span
from pipeline.prepare.privacy.scripts import Apart

_V4 = Apart(r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)", before=".", after=r"\.\d")
_V6 = Apart(
    r"(?=[0-9A-Fa-f:]*\d)(?:[0-9A-Fa-f]{1,4}:){1,7}(?::?[0-9A-Fa-f]{1,4}|:)(?::[0-9A-Fa-f]{1,4})*",
    before=":.",
    after=":",
)
_NAMED = re.compile(
    r"\b(?:ip|address|adresse|dirección|host|server|ping|from|connect\w*|login|logged|client|peer)\b[^\n]{0,24}$",
    re.IGNORECASE,
)
# What has versions: right before a number, or with the words of an upgrade between.
_VERSION = re.compile(
    r"(?:(?:version(?:en|s|i|es)?|versi[oó]n|versão|wersj\w*|верси\w*|バージョン|版本|releases?|firmware|\b(?:ver\.?|v|build|driver|treiber|update|patch|hotfix|kernel|section|chapter)|§)(?:\s+(?:ist|is))?[\s:=]*$"
    r"|\b(?:vcenter|esxi?|vsphere|vmware|acrobat|reader(?: dc)?|chrome|chromium|firefox|edge|safari|opera|java|jdk|jre|php|mysql|mariadb|postgres\w*|oracle|db2|sap|windows|outlook|citrix"
    r"|anyconnect|fortios|forticlient|ios|ios-xe|nx-os|junos|android|linux|ubuntu|debian|tomcat|websphere|weblogic|jboss|openssl|openssh|docker|kubernetes|nvidia|geforce|adobe|photoshop|(?:sql|exchange) server|sharepoint"
    r"|veeam|virtualbox|hyper-v|elastic\w*|splunk|jira|confluence|gitlab|matlab|autocad|webview2?|defender|python|ruby|django|maven|scala)\s*$"
    # without blanks, the words between are those of the sentence
    r"|(?:版本|固件|驱动|驅動|更新|升[级級]|バージョン|ファームウェア|ドライバ|アップデート|버전|펌웨어|드라이버|업데이트|เวอร์ชัน)(?:(?!ip|地址|服务器|伺服器|アドレス|サーバ|주소|서버)[^\s\d]){0,6}\s?$)",
    re.IGNORECASE,
)
_UPGRADED = re.compile(
    r"\b(?:(?:up|down)grad\w*|roll(?:ed|ing)? back|aktualisier\w*|mise? à (?:jour|niveau)|mett\w+ à (?:jour|niveau)|actualiz\w*|atualiz\w*|aggiorn\w*|bijwerk\w*|zaktualiz\w*|обнов\w*|backport\w*)"
    r"(?:\s+(?!server\b|host\b|dns\b|ip\b)[\w.-]+){0,3}\s+(?:from|to|von|auf|de|da|à|a|vers|naar|van|do|z|с|на|version)\s*$|\b(?:fixed|new|introduced|available|supported|bug) (?:in|since)\s*$",
    re.IGNORECASE,
)
# Right behind a name of a product that is not known, unless the sentence speaks of machines or the word is one of people,
# places on the net or permissions. The first number of hardly any version is larger.
_PRODUCT = re.compile(
    r"(?<!\w)(?!(?i:from|to|at|on|for|by|and|or|is|via|von|vom|aus|an|de|depuis|desde|da|dal|van|z|od|kund(?:e|in|en)?|customer|client[ei]?|klant|klient|zákazník|asiakas|user|benutzer|nutzer|usuario|usuaria|usuário|utente|gebruiker"
    r"|utilisateur|użytkownik|uživatel|bruker|bruger|användare|visitor|besucher|guest|gast|player|spieler|member|mitglied|patient|admin|account|konto|absender|tenant|mieter|employee|mitarbeiter|bot|login|host"
    r"|address|adres(?:se|sa|a)?|endereço|indirizzo|dirección|direccion|server|serwer|serveur|servidor|allow(?:ed)?|den(?:y|ied)|permit(?:ted)?|accept|reject(?:ed)?|drop(?:ped)?|block(?:ed)?|ban(?:ned)?|erlaub[et]n?|gesperrt|sperren)\b)"
    r"(?P<word>[A-ZÀ-Þ][\w.+-]*)[ \t]$|[=~^<>!]=\s?$"
)
_OF_A_PERSON = re.compile(
    r"\b(?:mr|mrs|ms|miss|mx|dr|prof|herrn?|frau|monsieur|madame|mme|mlle|señora?|sra?|signora?|sig|mevrouw|meneer|dhr|mevr|senhora?|pani?|by|par|przez|door)\.?[ \t]\Z",
    re.IGNORECASE,
)
# In a filter or a program: ip.addr == 84.23.11.9
_COMPARED = re.compile(
    r"(?:addr\w*|src|dst|host\w*|ip\w*|peer\w*|source|destination)\W{0,3}[=~^<>!]=\s?\Z", re.IGNORECASE
)
LARGEST_FIRST = 31
_OF_MACHINES = re.compile(
    r"\b(?:ips?|ip-\w+|ipv4|address\w*|adress\w*|direcci\w+|indirizz\w*|hosts?|hostname|servers?|serveur|servidor|ping\w*|connect\w*|connexion|log(?:ged|s|in|ins|on)?|clients?|peers?|dns|vpn|firewall|gateways?"
    r"|routers?|prox(?:y|ies)|subnet|ssh|rdp|ftp|https?|tcp|udp|ports?|traffic|requests?|visitors?|attack\w*|network|netzwerk|white-?list\w*|black-?list\w*|allow-?list\w*|block\w*|bann?(?:ed)?|spam|nodes?|machines?"
    r"|rechner|anschluss|zugriff\w*|verbindung\w*|angreifer|computers?|pc|remote|source|sender|trace\w*|whois|geo\w+)\b",
    re.IGNORECASE,
)
_VERSION_AFTER = re.compile(r"\s?(?:版(?!主|[权權]|面)|バージョン|버전)")
# `9.2.1.4 to 9.3.1.2`: the second is what the first is.
_CHAINED = re.compile(
    r"(?<![\w.])(\d{1,3}(?:\.\d{1,3}){3})\s*(?:to|and|or|or later|,|->|=>|→|auf|bis|nach|und|oder|à|et|ou|a|y|o|-|–|/|на)\s*$",
    re.IGNORECASE,
)
NEXT_VERSIONS = 5
"""How far the first numbers of two versions are apart at most."""
LONGEST_CHAIN = 3
# Addresses of the large public resolvers stand in manuals, not for people.
_PUBLIC_SERVICES = frozenset(
    {"8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "208.67.222.222", "208.67.220.220"}
)
_SHARED = ip_network("100.64.0.0/10")


class IpRecogniser(Recogniser):
    """IPv4 and IPv6 addresses but for the private, reserved and documentation ranges (RFC 1918, 5737, 3849, 6890)."""

    entity = "IP"
    guard = r"\d\.\d{1,3}\.\d{1,3}\.\d|[0-9A-Fa-f]:[0-9A-Fa-f:]*:[0-9A-Fa-f]|[0-9A-Fa-f]:[0-9A-Fa-f]{1,4}::"
    of_digits = True
    in_code = True

    def find(self, text: str) -> Iterator[Span]:
        """Yield global addresses."""
        for pattern in (_V4, _V6):
            for found in pattern.finditer(text):
                if _is_personal(found[0]) and not _is_version(text, found.start(), found[0]):
                    yield Span(found.start(), found.end(), 0.9)


def _is_version(text: str, start: int, value: str, links: int = LONGEST_CHAIN) -> bool:
    """Tell whether four numbers are rather those of a version or a section, for which up to `links` before may speak."""
    before = text[max(0, start - 60) : start]
    if _VERSION.search(before) or _UPGRADED.search(before) or _is_section(value, before[-40:]):
        return True
    if _VERSION_AFTER.match(text, start + len(value)) or _is_of_product(text, start, value):
        return True
    chained = _CHAINED.search(before) if links and value.count(".") == 3 else None
    if not chained or abs(int(chained[1].split(".")[0]) - int(value.split(".")[0])) > NEXT_VERSIONS:
        return False
    return _is_version(text, start - len(before) + chained.start(), chained[1], links - 1)


def _is_section(value: str, before: str) -> bool:
    """Tell whether four small numbers are rather those of a section or a version (8.1.6.1)."""
    small = value.count(".") == 3 and all(int(part) < 32 for part in value.split("."))
    return small and not _NAMED.search(before)


def _is_of_product(text: str, start: int, value: str) -> bool:
    """Tell whether four numbers stand behind the name of a product in a sentence that speaks of no machine."""
    product = _PRODUCT.search(text, max(0, start - 32), start)
    if not product or value.count(".") != 3 or _is_persons(text, product):
        return False
    if product["word"] and int(value.split(".")[0]) > LARGEST_FIRST:
        return False
    first, last = max(0, start - 120), start + 120
    begin = max(text.rfind("\n", first, start), text.rfind(". ", first, start), first)
    ends = [end for end in (text.find("\n", start, last), text.find(". ", start, last)) if end >= 0]
    return not _OF_MACHINES.search(text, begin, min([*ends, last]))


def _is_persons(text: str, product: re.Match[str]) -> bool:
    """Tell whether what stands before four numbers is called like a person, or compares addresses."""
    before = max(0, product.start() - 24)
    if not product["word"]:
        return bool(_COMPARED.search(text, before, product.end()))
    word = names.folded(product["word"].rstrip("."))
    listed = word in names.given() or word in names.ambiguous() or word in names.surnames()
    return listed or bool(_OF_A_PERSON.search(text, before, product.start()))


def _is_personal(value: str) -> bool:
    try:
        address = ip_address(value)
    except ValueError:
        return False
    if value in _PUBLIC_SERVICES or not address.is_global or address.is_multicast:
        return False
    if isinstance(address, IPv4Address):
        # A first or last part of 0 is a version or a network, not somebody's address.
        return address not in _SHARED and not value.startswith("0.") and not value.endswith(".0")
    return value.count(":") >= 3
