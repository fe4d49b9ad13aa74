"""How the output tokens of an answer are counted when its server does not: by an estimate or by a tokenizer's file."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import UsageError
from ..metrics import estimate_tokens, weighted_tokens
from ..texts import Texts, speaker

TEXTS: Texts = {
    "missing": (
        "needs the package {package}: pip install 'sse-perf-tool[tokenizers]'",
        "需要软件包 {package}：pip install 'sse-perf-tool[tokenizers]'",
    ),
    "tiktoken_name": (
        "{path}: the file holds no pattern, so its name must say which vocabulary it is: {names}",
        "{path}：该文件不含切分规则，文件名须为以下词表之一：{names}",
    ),
    "unread": ("{path}: no tokenizer can be read from it ({reason})", "{path}：无法读取分词器（{reason}）"),
}

SOURCES = {"words": "estimate", "weighted": "weighted", "chunks": "chunks"}
"""What --token-estimate may be, and what its counts are called in records and figures."""
COMPARED = 1000
"""Both estimates are made for so many answers of a process: enough to tell how far apart they are."""


class Counted(NamedTuple):
    """Tokens of an answer; `tokens` and `source` are None when there is nothing to count."""

    tokens: int | None = None
    source: str | None = None
    estimates: tuple[int, int] | None = None
    """By words and by weights, where both were made."""


@dataclass(frozen=True, slots=True)
class TokenCounting:
    """The way in which texts are counted; it is small and can be sent to another process."""

    estimate: str = "words"
    """A key of `SOURCES`."""
    tokenizer: str | None = None
    """The path of a tokenizer's file, which then takes the place of the estimate."""

    def prepare(self) -> None:
        """Reads the file, if there is one: no answer has to wait for that.  UsageError as `counter_of`."""
        if self.tokenizer is not None:
            counter_of(self.tokenizer)

    def count(self, texts: Sequence[str], chunks: int, request_id: int) -> Counted:
        """The tokens of an answer of these texts (reasoning, calls, choices), which came in so many chunks."""
        if not any(texts):
            return Counted()
        if self.tokenizer is not None:
            counter = counter_of(self.tokenizer)
            return Counted(sum(counter(text) for text in texts if text), "tokenizer")
        source = SOURCES[self.estimate]
        if self.estimate == "chunks" and chunks:
            return Counted(chunks, source)
        if request_id > COMPARED:
            by = weighted_tokens if self.estimate == "weighted" else estimate_tokens
            return Counted(sum(map(by, texts)), source)
        both = sum(map(estimate_tokens, texts)), sum(map(weighted_tokens, texts))
        return Counted(both[self.estimate == "weighted"], source, both)

    def prompt(self, text: str) -> int | None:
        """The tokens of what is asked, if there is a tokenizer."""
        return None if self.tokenizer is None else counter_of(self.tokenizer)(text)


BY_WORDS = TokenCounting()

Counter = Callable[[str], int]


def counter_of(path: str, lang: str = "en") -> Counter:
    """What counts the tokens of a text by the file at `path`: a tokenizer.json or a file of tiktoken.

    It is read once, whatever the language.  Special tokens and templates of chats are not added.  UsageError for a
    missing package, or a file that is neither.
    """
    say = speaker(TEXTS, lang)
    try:
        return _read(path)
    except ModuleNotFoundError as error:
        raise UsageError(say("missing", package=error.name)) from error
    except OSError as error:
        raise UsageError(say("unread", path=path, reason=error)) from error
    except _NameError as error:
        raise UsageError(say("tiktoken_name", path=path, names=", ".join(error.args))) from None
    except Exception as error:  # the packages raise what they like
        raise UsageError(say("unread", path=path, reason=error)) from error


@cache
def _read(path: str) -> Counter:
    return _tiktoken(path) if path.endswith(".tiktoken") else _tokenizer_json(path)


def _tokenizer_json(path: str) -> Counter:
    from tokenizers import Tokenizer

    found = Tokenizer.from_str(Path(path).read_text(encoding="utf-8"))
    return lambda text: len(found.encode(text, add_special_tokens=False).ids)


class _NameError(ValueError):
    """The name of a file says no vocabulary; the arguments are those that are known."""


def _tiktoken(path: str) -> Counter:
    import tiktoken
    from tiktoken_ext import openai_public

    # That of gpt2 is in two files of another form.
    known = {name: made for name, made in openai_public.ENCODING_CONSTRUCTORS.items() if name != "gpt2"}
    name = Path(path).stem
    if name not in known:
        raise _NameError(*sorted(known))
    described: dict[str, Any] = _with_ranks(openai_public, _ranks(path), known[name])
    described.pop("explicit_n_vocab", None)  # the file says how many there are
    found = tiktoken.Encoding(**described)
    return lambda text: len(found.encode_ordinary(text))


def _ranks(path: str) -> dict[bytes, int]:
    """Each token of the file and its rank.

    tiktoken's own reader keeps a copy of the file under its path, and from then on takes that one, whatever became of
    the file; before 0.12 it also wants one more package for a file that lies on a disk.
    """
    found = {}
    for number, line in enumerate(Path(path).read_bytes().splitlines(), 1):
        if line:
            try:
                token, rank = line.split()
                found[b64decode(token, validate=True)] = int(rank)
            except ValueError as error:
                raise ValueError(f"{Path(path).name}:{number}") from error
    if len(set(found.values())) < len(found) or not all(bytes([value]) in found for value in range(256)):
        raise ValueError("not each byte has a token, or two tokens have one rank")  # of which tiktoken would panic
    return found


def _with_ranks(module: Any, ranks: dict[bytes, int], describe: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What tiktoken knows of a vocabulary, with these ranks in place of those that it would fetch from the network."""
    fetch = module.load_tiktoken_bpe
    module.load_tiktoken_bpe = lambda *_args, **_options: ranks
    try:
        return describe()
    finally:
        module.load_tiktoken_bpe = fetch
