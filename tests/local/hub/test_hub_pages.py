from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from bs4 import BeautifulSoup
from huggingface_hub import CommitOperationAdd, HfApi

CARD = b"""---
license: mit
tags: [faq]
---
# Title <script>alert(1)</script>

<img src=x onerror=alert(1)> ![spy](https://example.com/spy.png) [bad](javascript:alert(1)) [good](https://example.com/)

| metric | value |
|---|---|
| F1 | 0.5 |
"""


@pytest.fixture
def visitor(hub: str) -> Iterator[httpx.Client]:
    """A browser without a session."""
    with httpx.Client(base_url=hub, headers={"accept": "text/html"}, follow_redirects=True) as client:
        yield client


@pytest.fixture
def published(alice: HfApi, repo: str) -> str:
    files = [
        CommitOperationAdd("README.md", CARD),
        CommitOperationAdd("page.html", b"<script>alert(document.cookie)</script>"),
        CommitOperationAdd("model.safetensors", b"\0weights"),
    ]
    alice.create_commit(repo, files, commit_message="First <b>release</b>")
    alice.create_tag(repo, tag="v1.0")
    return repo


def log_in(visitor: httpx.Client, token: str) -> httpx.Response:
    return visitor.post("/login", data={"token": token})


def test_visitors_see_public_repositories_only(visitor: httpx.Client, alice: HfApi, published: str) -> None:
    assert published not in visitor.get("/").text
    for path in ("", "/tree/v1.0", "/blob/main/README.md"):
        hidden, missing = visitor.get(f"/{published}{path}"), visitor.get(f"/acme/absent{path}")
        assert hidden.status_code == missing.status_code == 401
        assert "FAQ" not in hidden.text
    assert visitor.get(f"/{published}?token=anything").status_code == 401

    alice.update_repo_settings(published, private=False)
    assert published in visitor.get("/").text
    assert visitor.get(f"/{published}").status_code == 200


def test_a_session_shows_what_its_token_may_read(visitor: httpx.Client, published: str, tokens: dict[str, str]) -> None:
    assert log_in(visitor, "not-a-token-of-anybody").status_code == 401
    assert "hub_session" not in visitor.cookies
    home = log_in(visitor, tokens["carol"])
    assert published in home.text
    assert "carol" in home.text
    page = visitor.get(f"/{published}")
    assert page.status_code == 200
    assert visitor.get(f"/{published}/resolve/main/model.safetensors").content == b"\0weights"
    assert visitor.post("/logout").status_code == 200
    assert visitor.get(f"/{published}").status_code == 401

    log_in(visitor, tokens["bob"])
    assert visitor.get(f"/{published}").status_code == 404
    assert published not in visitor.get("/").text


def test_a_session_changes_nothing(visitor: httpx.Client, hub: str, published: str, tokens: dict[str, str]) -> None:
    log_in(visitor, tokens["alice"])
    for method, path, body in [
        ("PUT", f"/api/models/{published}/settings", {"private": False}),
        ("POST", f"/api/models/{published}/branch/evil", {}),
        ("DELETE", f"/api/models/{published}/tag/v1.0", None),
        ("POST", "/api/repos/create", {"name": "evil"}),
    ]:
        assert visitor.request(method, path, json=body).status_code == 401, path
    assert visitor.get("/api/whoami-v2").json()["name"] == "alice"


def test_sessions_cannot_be_forged_or_stolen(
    visitor: httpx.Client, hub: str, published: str, tokens: dict[str, str]
) -> None:
    answer = httpx.post(f"{hub}/login", data={"token": tokens["carol"]})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert tokens["carol"].lower() not in cookie
    value = answer.cookies["hub_session"].strip('"')
    for forged in (
        value[:-1] + ("0" if value[-1] != "0" else "1"),
        "x",
        "a.b.c",
        ".9999999999.",
        value.replace(".", ".9", 1),
    ):
        page = httpx.get(f"{hub}/{published}", headers={"cookie": f"hub_session={forged}", "accept": "text/html"})
        assert page.status_code == 401, forged
    other_site = httpx.post(f"{hub}/login", data={"token": tokens["carol"]}, headers={"origin": "https://evil.example"})
    assert other_site.status_code == 403
    assert "set-cookie" not in other_site.headers


def test_cards_are_rendered_without_what_could_run(visitor: httpx.Client, alice: HfApi, published: str) -> None:
    alice.update_repo_settings(published, private=False)
    page = visitor.get(f"/{published}")
    soup = BeautifulSoup(page.text, "lxml")
    card = soup.select_one(".card")
    assert card is not None
    assert "Title <script>alert(1)</script>" in card.get_text()
    assert card.find("table") is not None
    assert "https://example.com/" in [link["href"] for link in card.find_all("a")]
    assert not soup.find_all(["script", "img", "iframe"])
    assert not [a for a in soup.find_all("a") if a["href"].startswith("javascript:")]
    assert not [tag for tag in soup.find_all(True) if any(name.startswith("on") for name in tag.attrs)]
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert soup.style["nonce"] in policy


def test_a_page_shows_files_tags_history_and_other_revisions(
    visitor: httpx.Client, alice: HfApi, published: str, tokens: dict[str, str]
) -> None:
    alice.upload_file(path_or_fileobj=CARD.replace(b"0.5", b"0.9"), path_in_repo="README.md", repo_id=published)
    log_in(visitor, tokens["carol"])
    now = BeautifulSoup(visitor.get(f"/{published}").text, "lxml")
    tagged = BeautifulSoup(visitor.get(f"/{published}/tree/v1.0").text, "lxml")
    assert "0.9" in now.get_text()
    assert "0.5" in tagged.get_text()
    assert alice.model_info(published, revision="v1.0").sha in tagged.get_text()
    assert "First <b>release</b>" in tagged.get_text()
    for path in (".gitattributes", "page.html", "model.safetensors"):
        link = now.find("a", string=path)
        shown = visitor.get(link["href"])
        assert shown.status_code == 200
        assert ("&lt;script&gt;" in shown.text) == (path == "page.html")
    commit = alice.list_repo_commits(published)[0].commit_id
    assert visitor.get(f"/{published}/commit/{commit}").status_code == 200
    assert visitor.get(f"/{published}/tree/nowhere").status_code == 404


def test_files_cannot_run_in_the_stores_name(visitor: httpx.Client, alice: HfApi, published: str) -> None:
    alice.update_repo_settings(published, private=False)
    answer = visitor.get(f"/{published}/resolve/main/page.html")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_gated_files_are_not_shown(visitor: httpx.Client, alice: HfApi, published: str, tokens: dict[str, str]) -> None:
    alice.update_repo_settings(published, private=False, gated="auto")
    log_in(visitor, tokens["bob"])
    assert visitor.get(f"/{published}").status_code == 200
    assert visitor.get(f"/{published}/blob/main/page.html").status_code == 403
    assert visitor.get(f"/{published}/resolve/main/page.html").status_code == 403
