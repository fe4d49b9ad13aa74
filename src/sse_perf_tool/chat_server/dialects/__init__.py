"""One module for each API of the server: its request, and a `Dialect` row of functions that write the answer."""

from __future__ import annotations

from . import agui, anthropic, chatbot, dify, openai
from .base import Dialect

BY_PATH = {
    "/chat": chatbot.DIALECT,
    "/v1/chat-messages": dify.DIALECT,
    "/v1/chat/completions": openai.DIALECT,
    "/v1/messages": anthropic.DIALECT,
    "/ag-ui": agui.DIALECT,
}
"""Path -> the API whose answers are given there."""


def dialect_at(path: str) -> Dialect:
    """The API whose words are used at `path`: of /v1 OpenAI's, unless the path says another; elsewhere our own."""
    return BY_PATH.get(path) or (openai.DIALECT if path.startswith("/v1/") else chatbot.DIALECT)
