"""Estimates of the number of tokens in a text, for servers that do not report it."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_KANA = "\u3041-\u3096\u30a1-\u30fa\u31f0-\u31ff"
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_HANGUL = "\uac00-\ud7af"
# One letter of these scripts is about one token: kana, Han with its extensions and compatibility forms, Hangul.
_CJK = _KANA + _HAN + _HANGUL
_WORDS = rf"[{_CJK}]|[^\W{_CJK}]+(?:['’][^\W{_CJK}]+)*"
_ASCII_WORDS = r"\w+(?:'\w+)*"
"""The same where all of a text is ASCII."""

_SIGNS = "!-/:-@\\[-`{-~\u2010-\u205e\u3001-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
_CLASSES = {
    "words": r"[A-Z]*[a-z]+|[A-Z]+",
    "numbers": r"[0-9]+",
    "signs": f"[{_SIGNS}]+",
    "han": f"[{_HAN}]",
    "kana": f"[{_KANA}ー]",
    "hangul": f"[{_HANGUL}]",
    "symbols": rf"[^\w\s{_SIGNS}]",
    "letters": rf"[^\W0-9A-Za-z_{_CJK}ー]",
}
_IN_ASCII = ("words", "numbers", "signs", "symbols")
"""The others have no character of it."""
_LONG_WORD = 6
_AHEAD = {"numbers": 0.6, "signs": 0.55}
"""What each run of this class has beside its characters: the first sign is 0.85, each further one 0.3."""
_EACH = {"numbers": 0.85, "signs": 0.3, "han": 0.75, "kana": 0.65, "hangul": 0.85, "letters": 0.35}
_SYMBOL = 2.0


def estimate_tokens(text: str) -> int:
    """The estimated tokens of `text`: one per CJK character, one per other word; at least one for any text."""
    if not text:
        return 0
    return max(1, len(_found(_ASCII_WORDS if text.isascii() else _WORDS, text)))


def weighted_tokens(text: str) -> int:
    """The tokens of `text` by weights for classes of characters; at least one for any text.

    A run of ASCII letters is 1, and 0.2 for each letter beyond the sixth; it ends before a capital that follows a small
    letter.  A number is 0.6 and 0.85 a digit, a run of punctuation 0.85 and 0.3 for each sign beyond the first.  Han,
    kana and Hangul are 0.75, 0.65 and 0.85 a character, other letters 0.35, other symbols 2, white space nothing.  The
    weights are a fit to the vocabularies of GPT-4o, Llama 3, Qwen 3 and 3.6, DeepSeek V4, Tekken and Gemma 3 over
    prose, code, JSON, tables, Chinese, Japanese and Korean: docs/metrics.md says how far off they are.
    """
    if not text:
        return 0
    classes = _IN_ASCII if text.isascii() else tuple(_CLASSES)
    words = _found(_CLASSES["words"], text)
    sum_ = len(words) + 0.2 * sum(len(word) - _LONG_WORD for word in words if len(word) > _LONG_WORD)
    for name, weight in _EACH.items():
        runs = _found(_CLASSES[name], text) if name in classes else []
        sum_ += _AHEAD.get(name, 0.0) * len(runs) + weight * sum(map(len, runs))
    # `re` counts the marks of Thai, Hindi or Arabic as no letters.
    for sign in _found(_CLASSES["symbols"], text):
        sum_ += _EACH["letters"] if unicodedata.category(sign).startswith("M") else _SYMBOL
    return max(1, round(sum_))


def _found(pattern: str, text: str) -> list[str]:
    return _compiled(pattern).findall(text)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compiled when it is needed: the classes of scripts take some milliseconds, which most runs can do without."""
    return re.compile(pattern)
