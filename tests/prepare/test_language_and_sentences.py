from __future__ import annotations

import pytest

from pipeline.prepare.language import detect
from pipeline.prepare.sentences import sentences


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How do I reset my password when I have lost access to my mailbox?", "en"),
        ("Wie setze ich mein Passwort zurück, wenn ich keinen Zugriff auf mein Postfach habe?", "de"),
        ("Comment réinitialiser mon mot de passe si je n'ai plus accès à ma boîte mail ?", "fr"),
        ("¿Cómo puedo restablecer mi contraseña si no tengo acceso a mi correo?", "es"),
        ("Come posso reimpostare la password se non ho più accesso alla casella di posta?", "it"),
        ("Hoe stel ik mijn wachtwoord opnieuw in als ik geen toegang heb tot mijn mailbox?", "nl"),
        ("Jak zresetować hasło, jeśli nie mam dostępu do swojej skrzynki pocztowej?", "pl"),
        ("Как сбросить пароль, если у меня нет доступа к почтовому ящику?", "ru"),
        ("パスワードを忘れた場合はどうすればよいですか。", "ja"),
        ("如果我忘记了密码，应该怎么办？请告诉我如何重置。", "zh"),
        ("비밀번호를 잊어버렸을 때는 어떻게 해야 하나요?", "ko"),
        ("كيف يمكنني إعادة تعيين كلمة المرور إذا فقدت الوصول إلى بريدي؟", "ar"),
    ],
)
def test_languages(text: str, language: str) -> None:
    assert detect(text) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Passwort vergessen?", "de"),
        ("Orari: da lunedì a venerdì", "it"),
        ("運送需要多久？請問可以退貨嗎？", "zh"),
        ("Use kubectl get pods -n default to list them.", "en"),
        ("9:00-17:30, 9am-5pm, open daily", "en"),
        ("Name: Alice, age: 5, town: Dublin", "en"),
        ("האם אפשר לבטל בכל עת?", "he"),
        ("Чи можу я скасувати підписку?", "uk"),
        ("آیا می‌توانم هر زمان لغو کنم؟", "fa"),
        ("Kan jeg si opp abonnementet når som helst?", "no"),
        ("Mohu předplatné kdykoli zrušit?", "cs"),
        ("Pot anula abonamentul oricând?", "ro"),
        ("क्या मैं कभी भी रद्द कर सकता हूँ?", "hi"),
        ("ฉันสามารถยกเลิกได้ตลอดเวลาหรือไม่", "th"),
        ("Tôi có thể hủy bất cứ lúc nào không?", "vi"),
    ],
)
def test_short_texts_are_in_no_language_that_nobody_answers_in(text: str, language: str) -> None:
    assert detect(text) == language


def test_what_the_source_states_decides_for_short_texts_only() -> None:
    assert detect("Port 8080", "de-AT") == "de"
    assert detect("How do I reset my password when I have lost access to my mailbox?", "de") == "en"
    assert detect("Port 8080", "not a language") != "not a language"


def test_code_and_numbers_have_no_language() -> None:
    assert detect("3.14 = 42") == "und"
    assert detect("```\nfor i in range(3): print(i)\n```") == "und"
    german = (
        "Das Programm wird mit dem folgenden Befehl gestartet und läuft dann weiter.\n\n```\nthe and that with are\n```"
    )
    assert detect(german) == "de"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Version 3.11 is out. It costs 19.95.", ["Version 3.11 is out.", "It costs 19.95."]),
        ("See e.g. Fig. 3 by Dr. Smith. Then go.", ["See e.g. Fig. 3 by Dr. Smith.", "Then go."]),
        ("Das ist z.B. gut. Ende.", ["Das ist z.B. gut.", "Ende."]),
        ('He said "Stop." Then he left.', ['He said "Stop."', "Then he left."]),
        ("これは文です。次の文！はい。", ["これは文です。", "次の文！", "はい。"]),
        ("Intro:\n\n- one item.\n- two items", ["Intro:", "- one item.", "- two items"]),
        ("Use `a. B` here. Done.", ["Use `a. B` here.", "Done."]),
        ("See `x`. `y` is next.", ["See `x`.", "`y` is next."]),
        ("Is it free? No. It costs 5 euros.", ["Is it free?", "No.", "It costs 5 euros."]),
        ("It is article no. 5 on p. 12. Read it.", ["It is article no. 5 on p. 12.", "Read it."]),
        ("Run:\n\n```\na. b\n```\n\nThen stop.", ["Run:", "```\na. b\n```", "Then stop."]),
        ("Wait... what? yes.", ["Wait... what? yes."]),
        ("", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected
