"""Files of tokenizers so small that their counts can be done by hand."""

from __future__ import annotations

import base64
import json
from pathlib import Path

WORDS = {"hello": 0, "world": 1, "[UNK]": 2}


def tokenizer_json(folder: Path) -> str:
    """One token for each word and for each run of punctuation."""
    model = {"type": "WordLevel", "vocab": WORDS, "unk_token": "[UNK]"}
    described = {"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "Whitespace"}, "model": model}
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(described), encoding="utf-8")
    return str(path)


def tiktoken_file(folder: Path, name: str = "r50k_base.tiktoken") -> str:
    """One token for each byte, but one for `ab`."""
    tokens = [*(bytes([value]) for value in range(256)), b"ab"]
    lines = (f"{base64.b64encode(token).decode()} {rank}\n" for rank, token in enumerate(tokens))
    path = folder / name
    path.write_text("".join(lines), encoding="ascii")
    return str(path)
