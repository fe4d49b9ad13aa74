"""The embedded server as four providers in four formats: a benchmark that needs no key and no network."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from .config import BenchConfig, Defaults, Model, Provider

FORMATS = {
    "openai_chat": ("OpenAI dialect", "/v1/chat/completions"),
    "anthropic": ("Anthropic dialect", "/v1/messages"),
    "dify": ("Dify dialect", "/v1/chat-messages"),
    "chatbot": ("Chatbot dialect", "/chat"),
}
"""Format -> (what a person calls it, the path of the server)."""

_ANY_KEY = "demo"


_PROMPTS = {"en": "Who are you?", "zh": "你是谁"}


def demo_providers(url: str, lang: str) -> BenchConfig:
    """A config with the four dialects of the server at `url` as providers, asked in a language."""
    providers = tuple(
        Provider(name, title, url + path, format=name, models=(Model("demo", "demo"),), secret=_ANY_KEY)
        for name, (title, path) in FORMATS.items()
    )
    return BenchConfig(providers, Defaults(prompt=_PROMPTS[lang], runs=4))


@contextlib.contextmanager
def demo_config(lang: str) -> Iterator[BenchConfig]:
    """Starts the server and gives a config with its four dialects as providers; the server ends with the context."""
    from ..chat_server.run import BackgroundServer  # an extra

    with BackgroundServer() as server:
        yield demo_providers(server.url, lang)
