"""Mail to the operators from the command line; inside Airflow its own connection is used."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage

from pipeline.log import get_logger
from pipeline.settings import Settings

log = get_logger(__name__)
TIMEOUT_SECONDS = 15


def tell_operators(settings: Settings, subject: str, text: str) -> bool:
    """Send a plain mail to `mail.operators`; a mail server that is away is a warning and False, never an error."""
    mail = settings.mail
    message = EmailMessage()
    message["Subject"] = f"[llmops] {' '.join(subject.split())}"
    message["From"] = mail.sender
    message["To"] = ", ".join(mail.operators)
    message.set_content(text)
    kind = smtplib.SMTP_SSL if mail.security == "tls" else smtplib.SMTP
    try:
        with kind(mail.host, mail.port, timeout=TIMEOUT_SECONDS) as server:
            if mail.security == "starttls":
                server.starttls()
            if mail.username and mail.password:
                server.login(mail.username, mail.password.get_secret_value())
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as problem:
        log.warning("a notice could not be sent", host=mail.host, port=mail.port, cause=str(problem))
        return False
    return True
