"""How many tokens a text is likely to have, where nobody says it."""

from __future__ import annotations

import re

# One letter of these scripts is about one token: kana, Han with its extensions and compatibility forms, Hangul.
_CJK = (
    "\u3041-\u3096\u30a1-\u30fa\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U000323af"
)
_ESTIMATED_TOKEN = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+(?:['’][^\W{_CJK}]+)*")


def estimate_tokens(text: str) -> int:
    """A guess at the token count of `text`: each CJK letter one, each other word one; at least one for any text."""
    if not text:
        return 0
    return max(1, len(_ESTIMATED_TOKEN.findall(text)))
