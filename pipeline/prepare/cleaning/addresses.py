# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""When the address of a link is part of what a text says."""

from __future__ import annotations

import re

GENERIC = re.compile(
    r"(?:click |tap |see |go )?(?:here|this|us|this (?:link|page|article|document|form|site)|link|more|read more|learn more|details|download|"
    r"(?:(?:the|our|this|my|your)\s)?(?:[\w-]+\s){0,2}(?:page|form|site|website|web site|portal|url|link|shop|store)|"
    r"hier(?: klicken)?|(?:klicken sie )?hier|(?:(?:die|das|dieses|unser|unsere|unserer|zum|zur)\s)?(?:[\w-]+)?(?:seite|website|formular|portal|link)|ici|cliquez ici|(?:(?:notre|la|le|ce)\s)?(?:page|formulaire|site|lien)(?: \w+){0,2}|"
    r"aquí|haga clic aquí|(?:(?:nuestra|la|el|este)\s)?(?:página|formulario|sitio|enlace)(?: \w+){0,2}|qui|clicca qui|(?:(?:la|il|questa|questo)\s)?(?:pagina|modulo|sito)(?: \w+){0,2}|aqui|clique aqui|(?:klik )?hier|tutaj|kliknij tutaj|formularz|"
    r"сюда|здесь|тут|по ссылке|(?:эта |наша )?(?:ссылка|страница|форма)|сайт|тут|за посиланням|buraya|buradan|εδώ|هنا|اضغط هنا|כאן|לחצו כאן|यहाँ|ที่นี่|(?:tại |ở )?đây|こちら|ここ|この(?:リンク|ページ)|这里|這裡|此处|此處|点击这里|點擊這裡|여기|여기를 클릭)?[.!:]?",
    re.IGNORECASE,
)
"""Link texts that say nothing without their address."""


def with_address(text: str, address: str, alone: bool) -> str:
    """Return a link's text, with its address when the text says nothing or the link is all that there is.

    Mailboxes and telephone numbers are always what a reader wants.
    """
    shown = text.strip()
    direct = re.match(r"(?:mailto|tel|sms):", address, re.IGNORECASE)
    if direct:
        address = address[direct.end() :].split("?")[0]
    if not (direct or re.match(r"https?://|ftp://", address, re.IGNORECASE)) or not address or address in shown:
        return text
    if direct and re.sub(r"\D", "", address)[-6:] and re.sub(r"\D", "", address)[-6:] in re.sub(r"\D", "", shown):
        return text
    if shown in (address, address.split("://")[-1].rstrip("/")):
        return address
    if direct or alone or GENERIC.fullmatch(shown):
        return f"{shown} ({address})" if shown else address
    return text
