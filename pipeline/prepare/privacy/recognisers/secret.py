# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Passwords, keys and tokens that people paste into tickets: whoever reads the model could use them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.prepare.privacy.recogniser import Recogniser, Span

# The prefixes are those that the issuers publish so that secrets can be found.
_TOKEN = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_\w{22,}\b|\bglpat-[\w-]{20,}|\bhf_[A-Za-z0-9]{30,}\b"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bsk-[A-Za-z0-9_-]{20,}|\bsk_live_[A-Za-z0-9]{20,}\b|\bAIza[\w-]{35}\b|\bATATT[\w=-]{20,}"
    r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
_STATED = re.compile(
    r"\b(?:my|the|his|her|our|new|current|old|temporary|admin)\s+(?:password|passcode|pin|passwort|mot de passe|contraseña)\s+"
    r"(?:is|was|=|ist|war|est|es|:)\s*[\"'`]?(?=\S*\d)(\S{4,64}?)[\"'`]?(?=[\s,;.]|$)",
    re.IGNORECASE,
)
# What a password or key is called, and what says that it follows; Arrow's RE2 reads these too.
_NAME = (
    r"(?:pass(?:word|wd|wort|phrase|code)|passwd|kennwort|mot de passe|contraseña|clave|senha|wachtwoord|hasło|lösenord|adgangskode|salasana|heslo|jelszó"
    r"|parolă|şifre|пароль|κωδικός|api[_-]?key|(?:secret|access|private)[_-]?key|(?:auth|access|api|bearer)[_-]?token|client[_-]?secret|密码|密碼|パスワード|비밀번호)"
)
_WHOSE = r"(?:\s+(?:for|of|to|für|vom|von|zum|zu|de|du|del|della|per|para|voor|do|от|для)(?:\s+[^\s:=]+){1,4})?"
_FOLLOWS = r"(?:\s*[:=：]|\s+(?:is|was|ist|war|lautete?|est|es|era|è|é|to|jest|är|er|on|je)[\s:]|是|は|는|은)"
_SHORT = r"(?:pwd|pass|psk)[\"'`]?\s*[:=：]"
_KEYED = re.compile(
    rf"(?:{_NAME}[\"'`]?{_WHOSE}{_FOLLOWS}|(?<![A-Za-z]){_SHORT})(?:=?>?|\s*(?:now|jetzt|set to)?)\s*:?\s*"
    r"([\"'`]?)(?=[^\s\"'`<>,;&]*\d)(?=[^\s\"'`<>,;&]*[^\W\d_])([^\s\"'`<>,;&。、]{6,80})",
    re.IGNORECASE,
)
# The password of who logs in: in the address of a server, behind an option of a command, in a header.
_LOGINS = (
    re.compile(
        r"\b[a-z][a-z0-9+.-]{1,20}://([^\s:/@?#\"'<>]{0,64}):(?=[^\s/@]*\d)([^\s:/@\"'<>]{6,64})@", re.IGNORECASE
    ),
    re.compile(r"\s(?:-u|--user)[ =]?[\"']?([^\s:\"'/<>$]{1,64}):(?=\S*\d)(?=\S*[A-Za-z])([^\s\"'<>]{6,64})"),
    re.compile(
        r"\b(Bearer)\s+(?=[\w.~+/-]*\d)([\w.~+/-]{20,}=*)|\bAuthorization:\s*Basic\s+([A-Za-z0-9+/]{8,}={0,2})",
        re.IGNORECASE,
    ),
)
_LOGGED_IN = r"://[^\s/@]*:[^\s/@]*\d[^\s/@]*@|\s(?:-u|--user)[ =]?[\"']?[^\s:\"'/<>$]+:|(?i:bearer)\s+[\w.~+/-]{20,}|(?i:authorization:\s*basic)"
SHORTEST = 6
"""Characters of a password that a key or a sentence without an owner gives."""
_NOBODY = frozenset(["anonymous", "user", "username", "guest", "ftp"])
# Everyone knows the passwords with which things are delivered.
_DELIVERED = re.compile(
    r"\b(?:default|standard|factory|example|sample|dummy|voreingestellte[ns]?)[\s_-]*$", re.IGNORECASE
)
# Code that gets a secret, names of variables, rules that a password must follow, and paths.
_EXPRESSION = re.compile(
    r"[$%{<*\[(]|.*[(\[{]|(?-i:[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$)|(?:self|this|os|process|env|config|settings|request|args|params|form|input|data|var|local|module|secrets?)[.\[]"
    r"|[a-z_]*(?:pass|passw(?:or)?d|pwd|pw|token|key|arg|value|param|var|str|string|input|text|field|user|name|secret|variable|example|placeholder)_?\d$"
    r"|[a-z_]+\||x+\d*$|(?:https?|ftp|file)://|[a-z]:[\\/]|/|\d+[.,]\d|(?-i:[A-Z][a-z]+-[A-Z])|.*(?-i:EXAMPLE)",
    re.IGNORECASE,
)
_KIND = re.compile(
    r"(?:sha-?\d|md5|base64|utf-?\d|aes|bcrypt|argon|pbkdf|oauth|rsa|x509|hmac|ed25519|type\d|\d+-?(?:char|bit|digit|byte|day|hour|time|zeichen|stellig|minute)"
    r"|(?:wpa|windows|win|office|outlook|python|php|mysql)-?\d)\S*$",
    re.IGNORECASE,
)


class SecretRecogniser(Recogniser):
    """Credentials by their published prefixes, passwords that someone states, sets or logs in with.

    A password that is neither stated to be somebody's nor has letters and digits is rather a word of the text.
    """

    entity = "SECRET"
    guard = (
        r"AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|hf_|xox|sk-|sk_live_|AIza|ATATT|eyJ|PRIVATE KEY"
        rf"|(?i:{_NAME}[\"'`]?{_WHOSE}{_FOLLOWS}|{_SHORT})|{_LOGGED_IN}"
        r"|(?i:my|the|his|her|our|new|current|old|temporary|admin)\s+(?i:passw|passcode|pin\b|contraseña|mot de passe)"
    )
    in_code = True

    def find(self, text: str) -> Iterator[Span]:
        """Yield credentials."""
        for found in _TOKEN.finditer(text):
            yield Span(found.start(), found.end(), 0.98)
        for found in _KEYED.finditer(text):
            value = found[2] if found[1] else found[2].rstrip(".:)]}")
            delivered = _DELIVERED.search(text, max(0, found.start() - 24), found.start())
            if len(value) >= SHORTEST and not delivered and _is_secret(value):
                yield Span(found.start(2), found.start(2) + len(value), 0.8)
        for pattern in _LOGINS:
            for found in pattern.finditer(text):
                group = 2 if found[2] else 3
                user = (found[1] or "").lower()
                if user not in _NOBODY and found[group].lower() != user and _is_secret(found[group]):
                    yield Span(found.start(group), found.end(group), 0.8)
        for found in _STATED.finditer(text):
            if not _KIND.match(found[1]):
                yield Span(found.start(1), found.end(1), 0.8)


def _is_secret(value: str) -> bool:
    return not (_EXPRESSION.match(value) or _KIND.match(value))
