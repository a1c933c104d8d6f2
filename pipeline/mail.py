"""Mail to the operators from the command line; inside Airflow its own connection is used."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage

from pipeline.log import get_logger
from pipeline.settings import MailSettings, Settings

log = get_logger(__name__)
TIMEOUT_SECONDS = 15


def connected(mail: MailSettings, timeout: float = TIMEOUT_SECONDS) -> smtplib.SMTP:
    """Return a connection to the mail server, encrypted and logged in as the settings say; `timeout` is in seconds.

    Raises OSError or SMTPException when there is none, or the server's certificate does not hold for its name: the
    password must not go to whoever answers in its place.
    """
    context = ssl.create_default_context()
    if mail.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(mail.host, mail.port, timeout=timeout, context=context)
    else:
        server = smtplib.SMTP(mail.host, mail.port, timeout=timeout)
    try:
        if mail.security == "starttls":
            server.starttls(context=context)
        if mail.username and mail.password:
            server.login(mail.username, mail.password.get_secret_value())
    except BaseException:
        server.close()
        raise
    return server


def tell_operators(settings: Settings, subject: str, text: str) -> bool:
    """Send a plain mail to `mail.operators`; a mail server that is away is a warning and False, never an error."""
    mail = settings.mail
    message = EmailMessage()
    message["Subject"] = f"[llmops] {' '.join(subject.split())}"
    message["From"] = mail.sender
    message["To"] = ", ".join(mail.operators)
    message.set_content(text)
    try:
        with connected(mail) as server:
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as problem:
        log.warning("a notice could not be sent", host=mail.host, port=mail.port, cause=str(problem))
        return False
    return True
