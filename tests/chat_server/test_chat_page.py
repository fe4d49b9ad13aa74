from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

import chromium
from chat_client import QUICK, ask
from patience import undisturbed
from sse_perf_tool.chat_server.run import BackgroundServer

pytestmark = pytest.mark.skipif(chromium.FOUND is None, reason="no Chromium found: the test page was not opened")

SEND = "(text) => { document.getElementById('message').value = text; document.getElementById('send').click(); }"
BUSY = "document.getElementById('send').disabled"
TEXTS = "[...document.querySelectorAll('.said')].map((e) => e.textContent)"


@pytest.fixture(scope="module")
def paced() -> Iterator[BackgroundServer]:
    settings = QUICK.model_copy(update={"response_delay_s": 0.2, "token_delay_s": 0.02, "answer_tokens": 20})
    with BackgroundServer(settings) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[chromium.Browser]:
    with chromium.Browser() as running:
        yield running


def opened(browser: chromium.Browser, server: BackgroundServer) -> chromium.Browser:
    browser.events.clear()
    browser.do("Emulation.setLocaleOverride", locale="en-US")
    browser.do("Page.navigate", url=f"{server.url}/")
    browser.until("document.readyState === 'complete' && document.getElementById('send')?.textContent")
    return browser


@pytest.fixture
def page(browser: chromium.Browser, paced: BackgroundServer) -> chromium.Browser:
    return opened(browser, paced)


def number(page: chromium.Browser, name: str) -> float:
    return float(page.run(f"document.getElementById('{name}').textContent").removesuffix(" ms"))


@undisturbed
def test_an_answer_is_shown_as_it_streams_with_its_times(browser: chromium.Browser, paced: BackgroundServer) -> None:
    page = opened(browser, paced)
    page.run(f"({SEND})('Who are you?')")
    half = page.until(f"{BUSY} && {TEXTS}.length === 2 && {TEXTS}[1].length > 10 && {TEXTS}[1]")
    page.until(f"!{BUSY}")
    question, answer = page.run(TEXTS)
    assert question == "Who are you?"
    assert answer.startswith('About "Who are you?": ')
    assert answer.startswith(half)
    assert answer != half
    assert number(page, "tokens") == 20
    assert 190 <= number(page, "ttft") < 600
    assert 20 < number(page, "rate") < 70  # 20 tokens over 19 gaps of 20 ms: 52.6
    assert number(page, "total") >= 550


def test_the_next_question_continues_the_conversation_until_a_new_one_is_begun(page: chromium.Browser) -> None:
    for question in ("one", "two"):
        page.run(f"({SEND})('{question}')")
        page.until(f"!{BUSY}")
    assert page.run(TEXTS)[3].startswith('This is turn 2 of our conversation; before it you asked "one".')
    page.run("document.getElementById('fresh').click()")
    page.run(f"({SEND})('three')")
    page.until(f"!{BUSY}")
    assert page.run(TEXTS)[1].startswith('About "three": ')


def test_stop_ends_the_answer_on_the_server_too(browser: chromium.Browser) -> None:
    settings = QUICK.model_copy(update={"token_delay_s": 0.02, "answer_tokens": 10_000})  # longer than any test
    with BackgroundServer(settings) as endless:
        page = opened(browser, endless)
        page.run(f"({SEND})('Who are you?')")
        page.until(f"{TEXTS}.length === 2 && {TEXTS}[1].length > 0")
        page.run("document.getElementById('stop').click()")
        page.until(f"{TEXTS}.at(-1) === 'Stopped.'")
        give_up_s = time.monotonic() + 30  # the server hears of it with its next token, and has to get its turn
        while not (answers := ask(endless.port, "/metrics?format=json", method="GET").json["answers"]):
            assert time.monotonic() < give_up_s
            time.sleep(0.02)
        assert answers == [{"api": "chatbot", "outcome": "left", "count": 1}]


def test_the_page_speaks_chinese(page: chromium.Browser) -> None:
    page.run("const l = document.getElementById('language'); l.value = 'zh'; l.dispatchEvent(new Event('change'));")
    assert page.run("document.documentElement.lang") == "zh-CN"
    assert page.run("document.getElementById('send').textContent") == "发送"
    assert page.run("document.title") == "流式聊天服务"


def test_the_page_has_a_light_and_a_dark_look(page: chromium.Browser) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        page.do("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        grounds.append(page.run("getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(245, 246, 248)", "rgb(18, 22, 29)"]


def test_text_of_a_question_is_never_markup(page: chromium.Browser) -> None:
    page.run(f"({SEND})('<img src=x onerror=alert(1)>')")
    page.until(f"!{BUSY}")
    assert page.run("document.querySelectorAll('main img').length") == 0
    assert page.run(TEXTS)[0] == "<img src=x onerror=alert(1)>"


def test_the_page_loads_nothing_from_elsewhere(page: chromium.Browser, paced: BackgroundServer) -> None:
    page.run(f"({SEND})('Who are you?')")
    page.until(f"!{BUSY}")
    asked = [e["params"]["request"]["url"] for e in page.events if e["method"] == "Network.requestWillBeSent"]
    assert f"{paced.url}/chat" in asked
    assert [url for url in asked if not url.startswith((paced.url, "data:"))] == []
    logged = [e["params"]["entry"] for e in page.events if e["method"] == "Log.entryAdded"]
    assert [entry for entry in logged if entry["level"] in ("warning", "error")] == []
    assert [e for e in page.events if e["method"] == "Runtime.exceptionThrown"] == []
