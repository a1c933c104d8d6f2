from __future__ import annotations

import email
import json
import socket
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

from pipeline.local import airflow_stack, credentials
from pipeline.mail import tell_operators
from pipeline.settings import MailSettings, Settings


def test_the_operators_get_it(tmp_path: Path) -> None:
    from aiosmtpd.controller import Controller
    from aiosmtpd.handlers import Mailbox

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(Mailbox(tmp_path / "box"), hostname="127.0.0.1", port=port)
    server.start()
    try:
        settings = Settings(mail=MailSettings(port=port, operators=["a@example.com", "b@example.com"]))
        assert tell_operators(settings, "rolled back\nto v1", "Production went back.")
    finally:
        server.stop()
    (path,) = (tmp_path / "box" / "new").iterdir()
    message = email.message_from_bytes(path.read_bytes())
    assert message["Subject"] == "[llmops] rolled back to v1"
    assert message["To"] == "a@example.com, b@example.com"
    assert "went back" in message.get_payload()


@pytest.fixture
def certified(tmp_path: Path) -> tuple[Path, Path]:
    """A key and a certificate for 127.0.0.1 that nobody vouches for but itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.example.com")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = tmp_path / "cert.pem", tmp_path / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = serialization.PrivateFormat.PKCS8
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, private, serialization.NoEncryption()))
    return files


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_the_password_goes_to_the_mail_server_alone(
    security: str, trusted: bool, certified: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a certificate that holds, whoever answers in its place gets neither password nor mail."""
    from aiosmtpd.controller import Controller
    from aiosmtpd.handlers import Mailbox
    from aiosmtpd.smtp import AuthResult, LoginPassword

    seen: list[bytes] = []

    def authenticate(server: object, session: object, envelope: object, mechanism: str, data: LoginPassword) -> object:
        seen.append(data.password)
        return AuthResult(success=True)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certified)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certified[0]))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    box = Mailbox(tmp_path / "box")
    given = {"ssl_context": context} if security == "tls" else {"tls_context": context}
    more = {"authenticator": authenticate, "auth_require_tls": security == "starttls"}
    server = Controller(box, hostname="127.0.0.1", port=port, **given, **more)
    server.start()
    try:
        mail = MailSettings(port=port, security=security, username="llmops", password="secret-of-the-mail")
        assert tell_operators(Settings(mail=mail), "subject", "text") is trusted
    finally:
        server.stop()
    assert seen == ([b"secret-of-the-mail"] if trusted else [])
    assert bool(list((tmp_path / "box" / "new").iterdir())) is trusted


OWN = MailSettings(host="smtp.example.com", port=587, security="starttls", username="llmops", password="pw")


@pytest.mark.parametrize(
    ("mail", "port", "connection"),
    [
        (MailSettings(), "28025", {"disable_ssl": True, "disable_tls": True}),
        (OWN, None, {"disable_ssl": True, "disable_tls": False}),
        (OWN.model_copy(update={"security": "tls", "port": 465}), None, {"disable_ssl": False, "disable_tls": True}),
    ],
)
def test_a_laptop_uses_the_mail_server_of_its_settings(
    mail: MailSettings, port: str | None, connection: dict[str, bool], tmp_path: Path
) -> None:
    settings = Settings(mail=mail, state_dir=tmp_path)
    made = credentials.ensure(settings, [])
    values = dict(line.split("=", 1) for line in (tmp_path / "credentials.env").read_text().splitlines())
    assert values.get("LLMOPS_MAIL__PORT", "").strip('"') == (port or "")
    smtp = json.loads(airflow_stack.environment(settings, made)["AIRFLOW_CONN_SMTP_DEFAULT"])
    assert (smtp["host"], smtp["port"]) == (mail.host, mail.port)
    assert {name: smtp["extra"][name] for name in connection} == connection
    assert (smtp.get("login"), smtp.get("password")) == (("llmops", "pw") if mail.username else (None, None))


def test_a_mail_server_that_is_away_stops_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert tell_operators(Settings(mail=MailSettings(port=9)), "x", "y") is False
