"""Generates text of a given length in tokens from a seed: prompts, shared prefixes, filler.

Nothing is downloaded.  Each of the `WORDS` is one token, with the space before it, in the vocabularies of GPT-4
(cl100k), GPT-4o (o200k), Llama 3 and Qwen, and one by `metrics.estimate_tokens`; there is no punctuation between them.
So a text of 512 words is 512 tokens in all of these, give or take the handful that its number and its end cost.

English whatever the language of the console: the load must not depend on the locale, and the same text has quite
different numbers of tokens in Chinese.
"""

from __future__ import annotations

import functools
from array import array
from dataclasses import dataclass

BREAK = "\n\n"
"""Between the parts of a prompt."""
TASK = "Continue text {number}"
TASK_TOKENS = 3
POOL_WORDS = 1 << 16
"""Words that are drawn once; every text is a slice of them, so that a long one costs little more than its copy."""


@dataclass(frozen=True, slots=True)
class Prompts:
    """What is put before queries, and what takes their place.  Lengths are in tokens.

    Everything is a function of `seed` and of the number of the query, from 0: the same in each run, whatever the number
    of threads and processes.
    """

    seed: int = 1
    tokens: int | None = None
    """Mean length of a generated prompt; None: the queries are the user's."""
    spread_tokens: int = 0
    """Its standard deviation."""
    shared_prefix_tokens: int = 0
    of_trace: bool = False
    """Whether there are requests of a trace that bring the lengths of their prompts alone."""

    def prepare(self) -> None:
        """Draws the pool, which takes some 20 ms, if there will be any text to make."""
        if self.tokens is not None or self.shared_prefix_tokens or self.of_trace:
            _pool(self.seed)

    def prompt(self, number: int, tokens: int | None = None) -> tuple[str, str]:
        """(words, what is asked about them): together `tokens`, else as many as are due, and no two numbers alike.

        The length due is normal around the mean and at least 1; with no room for a question there are the words alone.
        """
        length = self._length(number) if tokens is None else tokens
        if length <= TASK_TOKENS:
            return "", self.filler(number, length)
        return self.filler(number, length - TASK_TOKENS), TASK.format(number=number + 1)

    def _length(self, number: int) -> int:
        from random import Random  # only here, it costs start-up time

        mean = self.tokens or 1
        if not self.spread_tokens:
            return mean
        return max(1, round(Random(f"length {self.seed} {number}").gauss(mean, self.spread_tokens)))  # noqa: S311

    def prefix(self) -> str:
        """The words before every prompt, "" when none are asked for."""
        return _prefix(self.seed, self.shared_prefix_tokens)

    def filler(self, number: int, tokens: int) -> str:
        """So many tokens of text.  It begins with the number, so that no cache of prefixes knows it from before."""
        if tokens < 1:
            return ""
        start = _hash(f"{self.seed} {tokens} {number}")
        return f"{number + 1} {_slice(self.seed, start, tokens - 1)}".rstrip()


@functools.cache
def _prefix(seed: int, tokens: int) -> str:
    return _slice(seed, _hash(f"{seed} shared"), tokens)


def _hash(text: str) -> int:
    from zlib import crc32  # the same in every process, which `hash` is not

    return crc32(text.encode()) % POOL_WORDS


def _slice(seed: int, start: int, words: int) -> str:
    """`words` words of the pool from word `start` on, round and round."""
    if not words:
        return ""
    text, begins = _pool(seed)
    laps, end = divmod(start + words, POOL_WORDS)
    if not laps:
        return text[begins[start] : begins[end]].rstrip()
    return (text[begins[start] :] + text * (laps - 1) + text[: begins[end]]).rstrip()


@functools.cache
def _pool(seed: int) -> tuple[str, array[int]]:
    """The drawn words, a space behind each, and where in the text each begins."""
    from itertools import accumulate
    from random import Random  # only here, it costs start-up time

    drawn = Random(f"words {seed}").choices(WORDS.split(), k=POOL_WORDS)  # noqa: S311 - no secret
    return " ".join(drawn) + " ", array("l", accumulate((len(word) + 1 for word in drawn), initial=0))


WORDS = """
above action against also always among amount another appear around arrive attention autumn back ball bear before
begin behind believe best better between black board boat body book both branch break bright broad burn business
button cake call came camp carry case catch cause cell center central century chair character chart chief child choice
church circle class clean clear climb cloth cloud coat cold column come common compare complete contain continue cool
copper corner could count course create current dance deep degree describe desert desk detail develop dinner direct
divide door draw dream earth ease easy edge effect element empty engine enough enter equal especially even event ever
except exercise expect experience face fact fair fall famous farm fast favor feed feel field fight fill final find
fine fish five flat floor food form forward found four friend front full game garden gather glad glass grand gray
green ground half hand happen happy hard hear heat here history hold honey horse house idea instant instrument
interest iron join journey just keep kind knife know lake land language lead learn left lesson level light live magic
major match material measure meat member memory method middle might mile milk mind minute mirror miss modern moment
money month moon more morning most mother mountain move must name necessary night nine noise noon north note nothing
notice number object office only open opposite orange order page paint paper parent particular past pattern peace
people place poem point possible pound prepare press price probable process provide question quiet quite race radio
rain raise range rather reach record reply require result rice rich right rise road rock roll room round sail science
season seat second section seed select self sell send sentence separate serve settle seven several shade sheet shell
ship shirt shop should shoulder side silent since sing sister skill sleep slip small social soft soil song sound speed
spot state station stay steel step still stone store strange stream street stretch study substance sugar suggest suit
summer sure surface surprise symbol system table tail talk tall teach team temperature term test their them these they
thick thin thing those thousand three throw thus tiny tire together touch town trade train travel tree trip truck true
turn type unit usual valley view visit voice wall warm water wave wear week west when while white whole wind winter
wish with wood world write year yellow young
"""
"""Common words that are one token each."""
