"""Whether the figures can be trusted, as a section of the page."""

from __future__ import annotations

from html import escape

from ..records import RunResult, Trust
from ..trust import TEXTS, bound_words, verdict_key, words
from .figures import figure, percent_text, unbroken
from .wording import both, pair, terms_html


def trust_html(result: RunResult, more_html: str = "") -> str:
    """Verdict, error bound, reasons and evidence, folded when the figures are trusted.

    `more_html` is put at its end; it is all there is when no answer was complete but the tool watched itself.
    """
    trust = result.trust
    if trust is None or trust.verdict == "not_measured":
        return f'<section class="card" id="trust">{more_html}</section>' if more_html and result.self_watch else ""
    bound = bound_words(result)
    said = f"<span>{pair(*unbroken((f': {bound[0]}', f'：{bound[1]}')))}</span>" if bound else ""
    reasons = "".join(f"<li>{pair(words(reason, 'en'), words(reason, 'zh'))}</li>" for reason in trust.reasons)
    return (
        f'<details class="card fold" id="trust"{" open" if trust.reasons else ""}><summary><h2>{both("trust")}</h2> '
        f'<span class="mark {_MARKS[verdict_key(trust)]}">{pair(*TEXTS[verdict_key(trust)])}</span>{said}</summary>'
        f"{f'<ul>{reasons}</ul>' if reasons else ''}"
        f'<dl class="facts">{_facts(trust)}</dl><p class="notes">{both("trust_note")}</p>{more_html}</details>'
    )


_MARKS = {"trusted": "ok", "usable": "ok", "degraded": "fair", "invalid": "failed"}


def _facts(trust: Trust) -> str:
    delay = trust.read_delay_ms
    delays = " / ".join(figure(delay.get(name)) for name in ("p50", "p99", "max"))
    shown = [
        ("trust_clock", both(f"clock.{trust.clock}") if trust.clock else ""),
        ("trust_delay", f"{delays} ms" if delay.get("max") is not None else ""),
        ("trust_merged", _share(trust.merged_share)),
        ("trust_cpu", "" if trust.cpu_share is None else both("of_one_core", share=percent_text(trust.cpu_share))),
        ("trust_wait", _share(trust.cpu_wait)),
        ("trust_machine", _share(trust.machine_cpu)),
        ("trust_gc", f"{figure(trust.gc_max_ms)} ms" if trust.gc_max_ms else ""),
        ("trust_rtt", f"{figure(trust.rtt_ms)} ms" if trust.rtt_ms is not None else ""),
        ("trust_lost", _counts(trust)),
        ("trust_steps", str(trust.clock_steps) if trust.clock_steps else ""),
    ]
    return terms_html(shown)


def _share(share: float | None) -> str:
    return "" if share is None else escape(percent_text(share))


def _counts(trust: Trust) -> str:
    return "" if trust.retransmits is None else f"{trust.retransmits} / {trust.out_of_order}"
