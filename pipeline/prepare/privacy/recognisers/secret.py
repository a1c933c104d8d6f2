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
_KEY = (
    r"(?:pass(?:word|wd|wort|phrase|code)|passwd|(?<![A-Za-z])(?:pwd|pass|psk)|kennwort|mot de passe|contraseña|(?<![A-Za-z])clave|senha|wachtwoord|hasło|lösenord|adgangskode|salasana|heslo|jelszó"
    r"|parolă|şifre|пароль|κωδικός|api[_-]?key|(?:secret|access|private)[_-]?key|(?:auth|access|api|bearer)[_-]?token|client[_-]?secret|密码|密碼|パスワード|비밀번호)"
)
_KEYED = re.compile(
    rf"{_KEY}[\"'`]?(?:\s*[:=：]=?>?\s*|\s+(?:is|was|ist|war|lautet|lautete|est|es|era|è|é|to|jest|är|er|on|je)(?:\s+(?:now|jetzt|set to))?\s*:?\s+|(?:是|は|는|은)\s*)"
    r"([\"'`]?)(?=[^\s\"'`<>,;&]*\d)(?=[^\s\"'`<>,;&]*[^\W\d_])([^\s\"'`<>,;&。、]{6,80})",
    re.IGNORECASE,
)
# The password of who logs in, in the address of a server.
_LOGIN = re.compile(
    r"\b[a-z][a-z0-9+.-]{1,20}://([^\s:/@?#\"'<>]{0,64}):(?=[^\s/@]*\d)([^\s:/@\"'<>]{6,64})@", re.IGNORECASE
)
# What is no secret: code that gets one, names of variables, and what kind of thing a password is.
# Everyone knows the passwords with which things are delivered.
_DELIVERED = re.compile(
    r"\b(?:default|standard|factory|example|sample|dummy|voreingestellte[ns]?)[\s_-]*$", re.IGNORECASE
)
_NO_SECRET = re.compile(
    r"[$%{<*\[(]|.*[(\[{]|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$|(?:self|this|os|process|env|config|settings|request|args|params|form|input|data|var|local|module|secrets?)[.\[]"
    r"|[a-z_]*(?:pass|passw(?:or)?d|pwd|pw|token|key|arg|value|param|var|str|string|input|text|field|user|name|secret|variable|example|placeholder)_?\d$"
    r"|(?:sha-?\d|md5|base64|utf-?\d|aes|bcrypt|argon|pbkdf|oauth|rsa|x509|hmac|ed25519|type\d|\d+-?(?:char|bit|digit|byte|day|hour|time|zeichen|stellig|minute))\S*$|x+\d*$|(?:wpa|windows|win|office|outlook|python|php|mysql)-?\d\S*$|(?:https?|ftp|file)://|/|\d+[.,]\d",
    re.IGNORECASE,
)


class SecretRecogniser(Recogniser):
    """Credentials by their published prefixes, passwords that someone states, sets or logs in with.

    A password that is neither stated to be somebody's nor has letters and digits is rather a word of the text.
    """

    entity = "SECRET"
    guard = (
        r"AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|hf_|xox|sk-|sk_live_|AIza|ATATT|eyJ|PRIVATE KEY"
        r"|(?i:passw|pass(?:wd|code|phrase)?[\"'`]?\s*[:=]|pwd[\"'`]?\s*[:=]|psk[\"'`]?\s*[:=]|kennwort|mot de passe|contraseña|clave|senha|wachtwoord|hasło|lösenord|adgangskode|salasana|heslo|jelszó|parolă|şifre|пароль|κωδικός|api[_-]?key|(?:secret|access|private)[_-]?key|(?:auth|access|api|bearer)[_-]?token|client[_-]?secret|密码|密碼|パスワード|비밀번호)[^\n]{0,40}\d"
        r"|://[^\s/@]*:[^\s/@]*\d[^\s/@]*@"
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
            if len(value) >= 6 and not delivered and not _NO_SECRET.match(value):
                yield Span(found.start(2), found.start(2) + len(value), 0.8)
        for found in _LOGIN.finditer(text):
            if found[2].lower() != found[1].lower() and not _NO_SECRET.match(found[2]):
                yield Span(found.start(2), found.end(2), 0.8)
        for found in _STATED.finditer(text):
            if not _NO_SECRET.match(found[1]):
                yield Span(found.start(1), found.end(1), 0.8)
