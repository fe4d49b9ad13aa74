"""Whether the token counts that a server reports fit the streams that it sent.

A chunk of text holds one token at least, so a usage of fewer tokens than chunks contradicts its stream.  One that was
made up does so only beside others: where a gateway repairs answers that broke off, and counts their tokens by itself,
the tokens a chunk of a run fall into two groups with nothing between.
"""

from __future__ import annotations

from ..records import NOT_MEASURED, OUTCOMES, Outcome, RequestTable, TokenGroups

LEAST_CHUNKS = 4
"""Answers of fewer chunks say nothing of the tokens in one."""
LEAST_ANSWERS, LEAST_GROUP, LEAST_SHARE = 8, 2, 0.05
"""So many answers in all, and in the smaller group, are needed."""
GAP = 1.4
"""Between two groups lies this factor or more, and within each at most half of what it is above 1."""

_OK = OUTCOMES.index(Outcome.OK)


def contradictions(table: RequestTable) -> int:
    """How many ok answers came in more chunks than the tokens that the server reports for them."""
    rows = table.rows("outcome", "reported_tokens", "chunks")
    return sum(1 for outcome, tokens, chunks in rows if outcome == _OK and NOT_MEASURED != tokens < chunks)


def token_groups(table: RequestTable) -> TokenGroups | None:
    """The two groups into which the tokens a chunk of the ok answers fall; None when they do not."""
    ratios = sorted(_tokens_per_chunk(table))
    if len(ratios) < LEAST_ANSWERS:
        return None
    cut = max(range(1, len(ratios)), key=lambda at: ratios[at] / ratios[at - 1])
    low, high = ratios[:cut], ratios[cut:]
    gap = high[0] / low[-1]
    within = max(low[-1] / low[0], high[-1] / high[0])
    few = min(len(low), len(high)) < max(LEAST_GROUP, LEAST_SHARE * len(ratios))
    if few or gap < GAP or within > 1 + (gap - 1) / 2:
        return None
    return TokenGroups(sum(low) / len(low), len(low), sum(high) / len(high), len(high))


def _tokens_per_chunk(table: RequestTable) -> list[float]:
    """That of each ok answer whose usage fits its stream, without tokens of reasoning that was not shown."""
    columns = ("outcome", "chunks", "reported_tokens", "reasoning_tokens", "ttft_ns", "ttfa_ns")
    found = []
    for outcome, chunks, tokens, reasoning, ttft_ns, ttfa_ns in table.rows(*columns):
        hidden = reasoning if reasoning > 0 and ttft_ns == ttfa_ns else 0
        if outcome == _OK and chunks >= LEAST_CHUNKS and tokens - hidden >= chunks:
            found.append((tokens - hidden) / chunks)
    return found
