"""Prompts made from a seed: their length, what they share, and that no two are alike."""

from __future__ import annotations

import statistics
import subprocess
import sys
from itertools import pairwise

import pytest

from patience import FOREVER_S
from sse_perf_tool.metrics import estimate_tokens
from sse_perf_tool.queries.prompts import POOL_WORDS, WORDS, Prompts


@pytest.mark.parametrize("tokens", [1, 3, 4, 16, 512, 8000, POOL_WORDS - 1, POOL_WORDS, 2 * POOL_WORDS + 7])
def test_a_prompt_is_as_long_as_asked(tokens: int) -> None:
    prompts = Prompts(tokens=tokens)
    assert [estimate_tokens(" ".join(prompts.prompt(number))) for number in (0, 1, 41_000)] == [tokens] * 3


def test_a_prompt_is_words_and_a_task_that_names_them() -> None:
    words, task = Prompts(tokens=10).prompt(16)
    assert task == "Continue text 17"
    assert words.split()[0] == "17"
    assert set(words.split()[1:]) <= set(WORDS.split())
    assert len(words.split()) == 7


def test_below_four_tokens_there_is_no_room_for_a_task() -> None:
    words, text = Prompts(tokens=3).prompt(0)
    assert (words, text.split()[0], len(text.split())) == ("", "1", 3)


def test_lengths_are_normal_around_the_mean() -> None:
    prompts = Prompts(tokens=500, spread_tokens=50)
    lengths = [estimate_tokens(" ".join(prompts.prompt(number))) for number in range(2000)]
    # The mean of 2000 is within four of its own deviations, 4 * 50 / sqrt(2000) = 4.5; their spread within a tenth.
    assert statistics.mean(lengths) == pytest.approx(500, abs=4.5)
    assert statistics.stdev(lengths) == pytest.approx(50, rel=0.1)
    within_one = sum(450 <= length <= 550 for length in lengths) / 2000
    assert within_one == pytest.approx(0.683, abs=0.05)


def test_no_length_is_below_one() -> None:
    prompts = Prompts(tokens=2, spread_tokens=50)
    lengths = [estimate_tokens(" ".join(prompts.prompt(number))) for number in range(200)]
    assert min(lengths) == 1
    assert max(lengths) > 50


def test_no_two_prompts_begin_alike() -> None:
    made = [Prompts(tokens=64).prompt(number)[0] for number in range(500)]
    assert len({words.split()[0] for words in made}) == 500
    # Behind the number, which is a token or two, the words differ as well.
    same = sum(one.split()[1] == other.split()[1] for one, other in pairwise(made))
    assert same < 10


def test_another_seed_makes_other_prompts_and_the_same_seed_the_same() -> None:
    assert Prompts(5, tokens=50).prompt(3) == Prompts(5, tokens=50).prompt(3)
    assert Prompts(5, tokens=50).prompt(3) != Prompts(6, tokens=50).prompt(3)


def test_another_process_makes_the_same_prompts() -> None:
    """Nothing depends on the hashes of texts, which each process draws anew."""
    code = "from sse_perf_tool.queries.prompts import Prompts; print(Prompts(2, 40, 5).prompt(7))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=FOREVER_S)
    assert ran.stdout.strip() == str(Prompts(2, 40, 5).prompt(7))


def test_the_shared_prefix_is_the_same_for_all_and_as_long_as_asked() -> None:
    assert estimate_tokens(Prompts(shared_prefix_tokens=300).prefix()) == 300
    assert Prompts(1, shared_prefix_tokens=300).prefix() == Prompts(1, 64, shared_prefix_tokens=300).prefix()
    assert Prompts(1, shared_prefix_tokens=300).prefix() != Prompts(2, shared_prefix_tokens=300).prefix()
    assert Prompts().prefix() == ""


def test_filler_of_one_length_is_no_beginning_of_filler_of_another() -> None:
    """Else a server that keeps prefixes would know most of the next tier."""
    prompts = Prompts()
    assert not prompts.filler(4, 1000).startswith(prompts.filler(4, 100))
    assert prompts.filler(4, 0) == ""


def test_the_words_are_different_plain_lower_case_ones() -> None:
    words = WORDS.split()
    assert len(set(words)) == len(words) == 400
    assert all(word.isascii() and word.isalpha() and word.islower() for word in words)
