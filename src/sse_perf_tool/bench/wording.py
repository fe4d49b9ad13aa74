"""The texts of a benchmark in both languages, and the format of its figures: for console, page and Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..texts import Say, Texts, printable
from ..units import TOKENS_PER_S, figure, signed
from .results import Document, name_of

TEXTS: Texts = {
    "title": ("Benchmark", "基准测试"),
    "will_send": (
        "{cells} cells, {requests} requests, at most {tokens} tokens of answers",
        "{cells} 个测量项，{requests} 个请求，回答最多 {tokens} token",
    ),
    "order": ("Order", "顺序"),
    "order_lanes": ("providers side by side", "各提供商并行"),
    "order_interleaved": ("all targets in random turns (seed {seed})", "所有目标随机交替（种子 {seed}）"),
    "prompt": ("Prompt", "提示词"),
    "work": ("Work", "工作量"),
    "model": ("model", "模型"),
    "provider": ("provider", "提供商"),
    "context": ("context", "上下文"),
    "ttft_ms": ("TTFT ms", "TTFT ms"),
    "ttfa_ms": ("first answer ms", "首个可见文本 ms"),
    "tokens_per_s": TOKENS_PER_S,
    "tpot_ms": ("TPOT ms", "TPOT ms"),
    "mean_gap_ms": ("mean gap ms", "平均间隔 ms"),
    "latency_ms": ("response ms", "响应时间 ms"),
    "output_tokens": ("tokens", "token 数"),
    "ok": ("ok", "成功"),
    "trust": ("trust", "可信度"),
    "cold_ms": ("cold TTFT", "冷启动 TTFT"),
    "counted_by": ("counted by", "计数来源"),
    "usage": ("server", "服务端"),
    "estimate": ("estimate", "估算"),
    "weighted": ("by weights", "加权估算"),
    "chunks": ("one a chunk", "每块一个"),
    "tokenizer": ("tokenizer", "分词器"),
    "mixed": ("mixed", "混合"),
    "trusted": ("trusted", "可信"),
    "degraded": ("degraded", "存疑"),
    "invalid": ("invalid", "无效"),
    "median_range": ("median (min to max) of warm requests", "热请求的中位数（最小至最大）"),
    "median_only": ("median of warm requests", "热请求的中位数"),
    "notes": ("{figures}; {cold}", "{figures}；{cold}"),
    "skipped": ("Skipped", "已跳过"),
    "failed": ("Failed", "失败"),
    "state_failed": ("no whole answer: {error}", "没有完整回答：{error}"),
    "state_cancelled": ("cancelled after {number} requests", "{number} 个请求后取消"),
    "state_waiting": ("not begun", "未开始"),
    "fastest": ("Fastest", "最快"),
    "fastest_ttft_ms": ("Lowest TTFT{tier}: {cell}", "TTFT 最低{tier}：{cell}"),
    "fastest_tokens_per_s": ("Most tokens/s{tier}: {cell}", "token/s 最高{tier}：{cell}"),
    "no_difference_ttft_ms": (
        "TTFT{tier}: no difference shown by {runs} runs",
        "TTFT{tier}：{runs} 次测量未显示差异",
    ),
    "no_difference_tokens_per_s": (
        "tokens/s{tier}: no difference shown by {runs} runs",
        "token/s{tier}：{runs} 次测量未显示差异",
    ),
    "at_tier": (" with {tier} tokens of context", "（上下文 {tier} token）"),
    "differences": ("Differences from {cell}", "与 {cell} 的差异"),
    "difference": ("{shift}, 95 % interval {low} to {high}", "{shift}，95 % 区间 {low} 至 {high}"),
    "difference_few": ("{shift}, too few requests for an interval", "{shift}，请求太少，无法给出区间"),
    "not_shown": ("no difference shown", "未显示差异"),
    "remarks": ("Keep in mind", "注意"),
    "token_sources": (
        "tokens are counted in different ways ({sources}): tokens/s cannot be compared",
        "token 计数来源不同（{sources}），token/s 不可比较",
    ),
    "timed_by_litellm": (
        "timed by LiteLLM in this process: its own work, some 10 to 25 ms of TTFT, is in the figures of {models}",
        "由本进程中的 LiteLLM 计时，其自身开销计入数据（TTFT 约 10 至 25 ms，线程多时更大）：{models}",
    ),
    "not_trusted": ("the tool itself may have spoiled the figures of: {models}", "本工具自身可能影响了数据：{models}"),
    "some_failed": (
        "some requests failed, the figures are of the others: {models}",
        "部分请求失败，数据来自其余请求：{models}",
    ),
    "lengths": (
        "answers have different lengths (median {shortest:g} to {longest:g} tokens): response times cannot be compared",
        "回答长度不同（中位数 {shortest:g} 至 {longest:g} token），响应时间不可比较",
    ),
    "averages_only": (
        "a file with averages only: nothing can be said about differences",
        "文件中只有平均值，无法判断差异",
    ),
    "cold_note": (
        "the first request of each thread opens the connection and is in no figure",
        "每个线程的首个请求用于建立连接，不计入指标",
    ),
    "goals": ("Thresholds", "阈值"),
}

SHOWN = ("ttft_ms", "tokens_per_s", "tpot_ms", "latency_ms")
"""The figures that have a column everywhere."""


def center(metrics: Mapping[str, Any], name: str) -> float | None:
    """The median of a metric of a cell, the mean where no median is known."""
    stats = metrics.get(name) or {}
    found = stats.get("p50")
    return stats.get("mean") if found is None else found


def spread(metrics: Mapping[str, Any], name: str) -> str:
    """`median (min-max)` of a metric of a cell."""
    stats, middle = metrics.get(name) or {}, center(metrics, name)
    if middle is None:
        return "n/a"
    low, high = stats.get("min"), stats.get("max")
    return figure(middle) if low is None or high is None else f"{figure(middle)} ({figure(low)}–{figure(high)})"


def title_of(cell: Document, *, tier: bool = True) -> str:
    """What a person calls a cell."""
    context = f" @ {cell['context_tokens']}" if tier and cell["context_tokens"] else ""
    return printable(f"{cell['provider']} / {cell['model']}{context}", 120)


def ranked(cells: list[Document]) -> list[Document]:
    """The cells with figures: by context tier, then by TTFT."""
    measured = [cell for cell in cells if cell["requests"]["ok"]]
    return sorted(measured, key=lambda cell: (cell["context_tokens"], center(cell["metrics"], "ttft_ms") or 0.0))


def left_out(cells: list[Document], say: Say) -> Iterator[tuple[str, str]]:
    """(cell, why) of the cells without figures; `say` must know `TEXTS`."""
    for cell in cells:
        if cell["state"] == "skipped":
            yield title_of(cell), str(cell["skipped"])
        elif not cell["requests"]["ok"]:
            worst = cell["errors"][0] if cell["errors"] else {"outcome": "", "message": ""}
            error = printable(f"{worst['outcome']}: {worst['message']}", 300)
            key = {"failed": "state_failed", "waiting": "state_waiting"}.get(cell["state"], "state_cancelled")
            yield title_of(cell), say(key, error=error, number=cell["requests"]["sent"])


def fastest_lines(document: Document, say: Say) -> Iterator[str]:
    """Who is fastest, or that no difference is shown, a line for each tier and figure."""
    names = {tuple(name_of(cell)): title_of(cell, tier=False) for cell in document["cells"]}
    for row in document["fastest"]:
        tier = say("at_tier", tier=row["context_tokens"]) if row["context_tokens"] else ""
        if row["cell"] is None:
            yield say(f"no_difference_{row['figure']}", tier=tier, runs=row["runs"])
        else:
            yield say(f"fastest_{row['figure']}", tier=tier, cell=names[tuple(row["cell"])])


def difference_text(row: Document, say: Say) -> str:
    """A difference with its interval."""
    shift = signed(row["shift"])
    if row["low"] is None:
        return say("difference_few", shift=shift)
    text = say("difference", shift=shift, low=signed(row["low"]), high=signed(row["high"]))
    return text if row["shown"] else f"{text} · {say('not_shown')}"


def worth_showing(document: Document) -> list[Document]:
    """The comparisons without those that say the same again: no reasoning makes TTFA the TTFT, a token a chunk makes
    TPOT the mean gap."""
    rows = {(tuple(row["reference"]), tuple(row["other"]), row["figure"]): row for row in document["comparisons"]}

    def again(row: Document) -> bool:
        same_as = {"ttfa_ms": "ttft_ms", "tpot_ms": "mean_gap_ms"}.get(row["figure"], "")
        other = rows.get((tuple(row["reference"]), tuple(row["other"]), same_as))
        return other is not None and all(row[name] == other[name] for name in ("shift", "low", "high"))

    return [row for row in document["comparisons"] if not again(row)]


def remark_lines(document: Document, say: Say) -> Iterator[str]:
    """What a reader has to keep in mind."""
    for remark in document["remarks"]:
        values = {
            key: ", ".join(map(str, value)) if isinstance(value, list) else value for key, value in remark.items()
        }
        yield printable(say(values.pop("key"), **values), 600)
