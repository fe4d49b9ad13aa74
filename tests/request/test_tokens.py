"""Counting tokens that the server does not report: estimates and files of tokenizers."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from small_tokenizers import tiktoken_file, tokenizer_json
from sse_perf_tool.errors import UsageError
from sse_perf_tool.formats import FORMATS
from sse_perf_tool.masking import Masker
from sse_perf_tool.metrics import estimate_tokens, weighted_tokens
from sse_perf_tool.providers import Query, QueryProvider
from sse_perf_tool.records import RunConfig
from sse_perf_tool.request import tokens
from sse_perf_tool.request.body import BodyBuilder
from sse_perf_tool.request.target import Target
from sse_perf_tool.request.tokens import Counted, TokenCounting, counter_of
from sse_perf_tool.test_runner import ThreadGroup


@pytest.mark.parametrize(
    ("text", "weighted"),
    [
        ("", 0),
        (" ", 1),
        ("straw", 1),
        ("strawberries", 2),  # 1 + 6 x 0.2
        ("internationalization", 4),  # 1 + 14 x 0.2
        ("maxSize", 2),
        ("HTTPServer", 2),  # one word: 1 + 4 x 0.2
        ("1234567890", 9),  # 0.6 + 10 x 0.85
        ("((((((((((", 4),  # 0.85 + 9 x 0.3
        ("一二三四五六七八九十", 8),  # 10 x 0.75
        ("ひらがなひらがなひら", 6),  # 10 x 0.65, to the even one
        ("안녕안녕안녕안녕안녕", 8),  # 10 x 0.85, likewise
        ("привет", 2),  # 6 x 0.35
        ("\u0e01\u0e49" * 3, 2),  # Thai letters with a mark each
        ("\U0001f600", 2),
        ('{"id": 7}', 6),  # runs of punctuation of 2, 2 and 1 signs, a word, a number: 5.6
    ],
)
def test_weights_of_classes_of_characters(text: str, weighted: int) -> None:
    assert weighted_tokens(text) == weighted


def test_weights_are_near_what_a_tokenizer_says_where_words_are_not() -> None:
    # Counts of o200k, by the package tiktoken, of this very text.
    code, counted = 'for name, value in sorted(items.items()):\n    print(f"{name}: {value:.3f}")\n' * 4, 84
    assert weighted_tokens(code) == pytest.approx(counted, rel=0.2)
    assert estimate_tokens(code) < 0.6 * counted


@pytest.mark.parametrize(
    ("how", "counted"),
    [
        ("words", Counted(2, "estimate", (2, 3))),
        ("weighted", Counted(3, "weighted", (2, 3))),
        ("chunks", Counted(7, "chunks")),
    ],
)
def test_each_way_names_itself(how: str, counted: Counted) -> None:
    assert TokenCounting(how).count(["", "hello world!"], 7, 1) == counted
    assert TokenCounting(how).count(["", ""], 7, 1) == Counted()


def test_both_estimates_are_made_of_the_first_answers_alone() -> None:
    late = tokens.COMPARED + 1
    assert TokenCounting("weighted").count(["hello world!"], 7, late) == Counted(3, "weighted")
    assert TokenCounting("words").count(["hello world!"], 7, late) == Counted(2, "estimate")


def test_an_answer_without_chunks_of_text_is_estimated() -> None:
    assert TokenCounting("chunks").count(["get_weather"], 0, 1).tokens == 1


def test_a_tokenizer_counts_each_text_by_itself(tmp_path: Path) -> None:
    counting = TokenCounting(tokenizer=tokenizer_json(tmp_path))
    assert counting.count(["hello", "hello, world"], 9, 1) == Counted(4, "tokenizer")
    assert counting.prompt("hello world") == 2
    assert TokenCounting().prompt("hello world") is None


def test_a_file_of_tiktoken_has_the_pattern_of_its_name(tmp_path: Path) -> None:
    assert counter_of(tiktoken_file(tmp_path))("ab abc") == 4  # "ab", " ", "ab", "c"


def test_a_file_of_tiktoken_is_taken_as_it_is_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copies = tmp_path / "copies"
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(copies))
    path = tiktoken_file(tmp_path)
    assert counter_of(path)("ab") == 1
    file = Path(path)
    file.write_text("\n".join(line for line in file.read_text().splitlines() if not line.startswith("YWI=")))  # "ab"
    tokens._read.cache_clear()  # as the next run does
    assert counter_of(path)("ab") == 2
    assert not copies.exists(), "no copy that nobody asked for"


def test_a_broken_file_of_tiktoken_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tiktoken_file(tmp_path)
    for broken in ("YQ==", "YQ== x", "YQ= 3", "a b c"):
        Path(path).write_text(f"Yg== 0\n\n{broken}\n")
        with pytest.raises(UsageError, match=r"no tokenizer can be read from it \(r50k_base\.tiktoken:3\)"):
            counter_of(path)


@pytest.mark.parametrize(("there", "instead"), [("/w== 255\n", ""), ("/w== 255", "/w== 1")], ids=["lacking", "twice"])
def test_a_file_of_tiktoken_that_would_panic_at_the_first_answer_is_refused(
    tmp_path: Path, there: str, instead: str
) -> None:
    path = Path(tiktoken_file(tmp_path))
    content = path.read_text()
    assert there in content
    path.write_text(content.replace(there, instead))
    with pytest.raises(UsageError, match="not each byte has a token, or two tokens have one rank"):
        counter_of(str(path))


def test_files_that_are_no_tokenizer_get_a_line_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"so its name must say which vocabulary it is: .*o200k_base"):
        counter_of(tiktoken_file(tmp_path, "mine.tiktoken"))
    wrong = tmp_path / "wrong.json"
    wrong.write_text("{}")
    with pytest.raises(UsageError, match=r"wrong\.json: no tokenizer can be read from it"):
        counter_of(str(wrong))
    with pytest.raises(UsageError, match="无法读取分词器"):
        counter_of(str(wrong), "zh")
    with pytest.raises(UsageError, match="No such file"):
        counter_of(str(tmp_path / "none.json"))
    monkeypatch.setitem(sys.modules, "tiktoken", None)
    with pytest.raises(UsageError, match=r"needs the package tiktoken: pip install 'sse-perf-tool\[tokenizers\]'"):
        counter_of(str(tmp_path / "other.tiktoken"))


def test_the_file_is_read_once_whatever_the_language_and_before_the_first_answer(tmp_path: Path) -> None:
    path = tmp_path / "once"
    path.mkdir()
    file = Path(tokenizer_json(path))
    counter_of(str(file), "zh")
    file.unlink()
    counting = TokenCounting(tokenizer=str(file))
    counting.prepare()
    assert counting.count(["hello"], 1, 1).tokens == 1
    assert counter_of(str(file)) is counter_of(str(file), "zh")


def test_a_group_of_threads_reads_it_before_it_starts(tmp_path: Path) -> None:
    body = BodyBuilder(None, FORMATS["openai_chat"])
    counting = TokenCounting(tokenizer=str(tmp_path / "none.json"))
    target = Target("http://127.0.0.1:9/", body, QueryProvider([Query("q")]), Masker(()), counting=counting)
    with pytest.raises(UsageError, match="no tokenizer can be read from it"):
        ThreadGroup(target, RunConfig(threads=1, requests=1))
