"""An estimate of the number of tokens in a text, for servers that do not report it."""

from __future__ import annotations

import re

# One letter of these scripts is about one token: kana, Han with its extensions and compatibility forms, Hangul.
_CJK = (
    "\u3041-\u3096\u30a1-\u30fa\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U000323af"
)
_ESTIMATED_TOKEN = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+(?:['’][^\W{_CJK}]+)*")


def estimate_tokens(text: str) -> int:
    """The estimated tokens of `text`: one per CJK character, one per other word; at least one for any text."""
    if not text:
        return 0
    return max(1, len(_ESTIMATED_TOKEN.findall(text)))
