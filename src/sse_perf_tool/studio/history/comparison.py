"""Two to six results side by side, each against the first, by the statistics of the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...bench.results import FIGURES, difference
from ...bench.wording import title_of
from ...errors import UsageError
from ...goals.compare import (
    HIGHER_IS_BETTER,
    Difference,
    differences,
    failing_more,
    success_difference,
    without_praise,
)
from ...records import RunResult, Summary
from ...report_parts.comparison import compare_verdict
from ...texts import LANGUAGES, Texts, speaker
from ..contract.results import ComparedRow, ComparedVerdict, Comparison, DifferenceShown, Head
from .documents import document_of, run_of
from .finding import Found
from .heads import middle_of

TEXTS: Texts = {
    "unlike_prompts": (
        "the prompts differ: {names} asked something else than the first",
        "提示词不同：{names} 的问题与第一个不同",
    ),
    "summaries": (
        "{names}: no records, or too many to read here, so there are no intervals",
        "{names}：没有逐请求记录或记录过多，因此没有区间",
    ),
    "not_trusted": ("{names}: the tool does not vouch for its figures", "{names}：工具不对其结果作保证"),
}

Pair = tuple[Found, Head]
Document = Mapping[str, Any]
Key = tuple[str, str, int]


def compared(pairs: Sequence[Pair], names: Sequence[str], lang: str) -> Comparison:
    """The figures that all of a kind have in common.  UsageError, OSError or ValueError for one that is broken."""
    kind = pairs[0][1].kind
    say = speaker(TEXTS, lang)
    rows: list[ComparedRow]
    notes: list[str] = []
    against: list[list[Difference]] | None = None
    if kind == "run":
        results = [_result(found, lang) for found, _head in pairs]
        without = [name for name, result in zip(names, results, strict=True) if result is None]
        if without:
            rows = list(_summaries(pairs))
            notes.append(say("summaries", names=", ".join(without)))
        else:
            whole = [each for each in results if each is not None]
            against = [differences(whole[0], other) for other in whole[1:]]
            rows = list(_runs(against))
    elif kind == "bench":
        documents = [document_of(found, head, lang) for found, head in pairs]
        rows = list(_benchmarks(documents))
        other = [names[at] for at, each in enumerate(documents) if each.get("prompt") != documents[0].get("prompt")]
        notes += [say("unlike_prompts", names=", ".join(other))] if other else []
    else:
        rows = list(_searches(pairs))
    doubtful = [name for name, (_, head) in zip(names, pairs, strict=True) if head.trust not in (None, "trusted")]
    notes += [say("not_trusted", names=", ".join(doubtful))] if doubtful else []
    return Comparison(
        kind=kind,
        ids=[head.id for _, head in pairs],
        names=list(names),
        cells=rows,
        verdicts=_verdicts([head for _, head in pairs], against or _differences(rows, len(pairs)), lang),
        nothing_in_common=not any(sum(value is not None for value in row.values) > 1 for row in rows),
        notes=notes,
    )


def _benchmarks(documents: Sequence[Document]) -> Iterator[ComparedRow]:
    """Every figure of every cell that at least two of them have."""
    by_name = [{_key(cell): cell for cell in document["cells"] if cell["requests"]["ok"]} for document in documents]
    for key in dict.fromkeys(key for cells in by_name for key in cells):
        cells = [each.get(key) for each in by_name]
        if sum(cell is not None for cell in cells) < 2:
            continue
        for figure in FIGURES:
            values = [None if cell is None else _value(cell, figure.field) for cell in cells]
            if sum(value is not None for value in values) > 1:
                yield ComparedRow(
                    name=list(key),
                    title=next(title_of(cell) for cell in cells if cell is not None),
                    figure=figure.field,
                    more_is_better=figure.more_is_better,
                    values=values,
                    differences=[None, *(_of_cells(cells[0], cell, figure.field) for cell in cells[1:])],
                )


def _key(cell: Document) -> Key:
    return str(cell["provider_key"]), str(cell["model_id"]), int(cell["context_tokens"])


def _value(cell: Document, figure: str) -> float | None:
    if figure == "output_tokens":
        found: float | None = cell["tokens"]["output_median"]
        return found
    return middle_of(cell, "itl_ms" if figure == "mean_gap_ms" and not cell["runs"] else figure)


def _of_cells(first: Document | None, other: Document | None, figure: str) -> DifferenceShown | None:
    if first is None or other is None:
        return None
    found = difference(dict(first), dict(other), figure, paired=False)
    if found.shift is None:
        return None
    return DifferenceShown(shift=found.shift, low=found.low, high=found.high, shown=found.shown)


def _result(found: Found, lang: str) -> RunResult | None:
    """The run from its records; None where they are missing, or too many."""
    try:
        return run_of(found, lang) if ".jsonl" in found.endings else None
    except (UsageError, ValueError):
        return None


def _runs(against: Sequence[Sequence[Difference]]) -> Iterator[ComparedRow]:
    for first in against[0]:
        key = (first.metric, first.statistic)
        others = [next((d for d in found if (d.metric, d.statistic) == key), None) for found in against]
        title = " ".join(filter(None, key))
        yield ComparedRow(
            name=["run"],
            title=title,
            figure=title,
            more_is_better=first.metric in HIGHER_IS_BETTER,
            values=[first.base, *(None if each is None else each.other for each in others)],
            differences=[None, *map(_shown, others)],
        )


def _shown(each: Difference | None) -> DifferenceShown | None:
    if each is None or each.difference is None:
        return None
    return DifferenceShown(shift=each.difference, low=each.low, high=each.high, shown=each.word in ("better", "worse"))


def _differences(rows: Sequence[ComparedRow], count: int) -> list[list[Difference]]:
    """The same figures as the report has them, of each of `count` results but the first."""
    return [[_as_difference(row, at) for row in rows] for at in range(1, count)]


def _as_difference(row: ComparedRow, at: int) -> Difference:
    found, word, low, high = row.differences[at], "unknown", None, None
    if found is not None and found.low is not None:
        low, high = found.low, found.high
        better = ((found.shift or 0) > 0) == row.more_is_better
        word = "same" if not found.shown else "better" if better else "worse"
    return Difference(row.figure, "", row.values[0], row.values[at], low, high, word)


def _verdicts(heads: Sequence[Head], against: Sequence[Sequence[Difference]], lang: str) -> list[ComparedVerdict]:
    """The words of the report for each; what failed is told by the counts where no row does."""
    column = LANGUAGES.index(lang)
    counts = [Summary(ok=head.ok, failed=head.failed) for head in heads]
    verdicts = []
    for found, other in zip(against, counts[1:], strict=True):
        kept = [each for each in found if each.metric != "success_rate"]
        success = next((each for each in found if each not in kept and each.low is not None), None)
        success = success or success_difference(counts[0], other)
        grade, headline, lead = compare_verdict(
            [success, *(without_praise(kept) if failing_more([success]) else kept)], other
        )
        said = None if lead is None else lead[column]
        verdicts.append(ComparedVerdict.model_validate({"grade": grade, "headline": headline[column], "lead": said}))
    return verdicts


_OF_HEADS = ("requests_per_s", "tokens_per_s", "ttft_p50_ms", "ttft_p95_ms")


def _summaries(pairs: Sequence[Pair]) -> Iterator[ComparedRow]:
    for figure in _OF_HEADS:
        values = [getattr(head, figure) for _, head in pairs]
        yield _plain(figure, values, more_is_better=figure.endswith("_per_s"))
    shares = [head.ok / head.sent if head.sent else None for _, head in pairs]
    yield _plain("success_rate", shares, more_is_better=True)


def _searches(pairs: Sequence[Pair]) -> Iterator[ComparedRow]:
    yield _plain("level", [head.level for _, head in pairs], more_is_better=True)
    yield from _summaries(pairs)


def _plain(figure: str, values: Sequence[float | None], *, more_is_better: bool) -> ComparedRow:
    first = values[0]
    shifts = [
        None
        if first is None or value is None
        else DifferenceShown(shift=value - first, low=None, high=None, shown=False)
        for value in values[1:]
    ]
    return ComparedRow(
        name=["run"], title=figure, figure=figure, more_is_better=more_is_better, values=list(values),
        differences=[None, *shifts],
    )  # fmt: skip
