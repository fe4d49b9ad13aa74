"""What was not sealed with the token, for this end, and for the first time, is not opened."""

from __future__ import annotations

import pytest

pytest.importorskip("cryptography", reason="needs the extra [distributed]")

from sse_perf_tool.distributed.parcels import PIECE_BYTES, pieces
from sse_perf_tool.distributed.sealing import LONGEST_BYTES, MASTER, WORKER, Seal, SealError, key_of, new_token

KEY, OTHER_KEY = key_of("a-token-of-its-own"), key_of("another-token-it-is")


def test_a_message_says_nothing_and_comes_as_it_was():
    master, worker = Seal(KEY, MASTER), Seal(KEY, WORKER)
    secret = b"app-0123456789 and the text of a query"
    for number in range(3):
        sealed = master.close(secret)
        assert not any(word in sealed for word in (b"app-0123456789", b"query", b"text"))
        assert worker.open(sealed) == secret, number
    assert worker.refused == 0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda sealed, _master: Seal(OTHER_KEY, MASTER).close(b"x"),
        lambda sealed, _master: sealed[:40] + bytes([sealed[40] ^ 1]) + sealed[41:],
        lambda sealed, _master: sealed[:-5],
        lambda sealed, _master: b"",
        lambda sealed, _master: b"\xc4\x93\xa3not sealed at all",
        lambda sealed, _master: Seal(KEY, WORKER).close(b"x"),
    ],
    ids=["other token", "changed", "cut", "empty", "plain", "sent back"],
)
def test_anything_else_is_refused_and_counted(spoil):
    master, worker = Seal(KEY, MASTER), Seal(KEY, WORKER)
    sealed = master.close(b"stop")
    with pytest.raises(SealError):
        worker.open(spoil(sealed, master))
    assert worker.refused == 1
    assert worker.open(sealed) == b"stop", "it goes on"


def test_no_message_of_ours_is_too_long_and_one_that_is_longer_is_not_opened():
    master, worker = Seal(KEY, MASTER), Seal(KEY, WORKER)
    longest = max(len(worker.close(piece["data"])) for piece in pieces(bytes(3 * PIECE_BYTES)))
    assert longest < LONGEST_BYTES / 2, "with room for what else a message has"
    within = worker.close(bytes(LONGEST_BYTES * 3 // 4 - 1000))
    assert LONGEST_BYTES - 2000 < len(within) <= LONGEST_BYTES
    assert len(master.open(within)) == LONGEST_BYTES * 3 // 4 - 1000
    with pytest.raises(SealError, match="longer than any message of ours"):
        master.open(worker.close(bytes(LONGEST_BYTES * 3 // 4)))
    assert (master.refused, master.too_long) == (1, 1)


def test_a_message_counts_once_and_an_older_one_not_at_all():
    master, worker = Seal(KEY, MASTER), Seal(KEY, WORKER)
    first, second = master.close(b"1"), master.close(b"2")
    assert worker.open(second) == b"2"
    for again in (first, second):
        with pytest.raises(SealError):
            worker.open(again)
    assert worker.open(Seal(KEY, MASTER).close(b"another master")) == b"another master"


def test_tokens_are_made_anew_and_long_enough():
    assert len({new_token() for _ in range(50)}) == 50
    assert all(len(new_token()) == 48 and new_token().isalnum() for _ in range(50)), "none is taken for a flag"
    assert key_of("a") != key_of("b")
