"""The shape of the streams, stalls, ramp-up and drain: in words, and as a section of the page."""

from __future__ import annotations

from html import escape

from ..metrics.steadiness import distorted, plateau_of, stalls_of
from ..records import Plateau, RunResult, Stalls, StreamShape
from .causes import advice_of, kind_of
from .figures import Both, figure, percent_text, time_text
from .wording import TEXTS, both, count_of, in_both, joined, pair, terms_html

SHAPE_FORMS = ("steady", "bursts", "buffered", "joined", "whole", "short")


def stream_text(result: RunResult) -> Both | None:
    """The shape, the evidence for it and what to do about it; None when there is nothing to report."""
    shape = result.summary.shape
    if not shape.answers:
        return None
    key, kind = f"stream.{shape.kind}", kind_of(shape)
    if shape.kind == "unknown" and shape.lump_gap_ms is not None:
        key = "stream.unknown_late"
    said = [in_both(f"stream.{kind or shape.kind}" if kind else key, None, **_values(shape)), *stream_advice(result)]
    return joined(said)


def stream_advice(result: RunResult) -> list[Both]:
    """Who made the shape of the streams and what to do about it; [] where all is well, or nobody knows."""
    shape = result.summary.shape
    if not notable(shape):
        return []
    if (kind := kind_of(shape)) is not None:
        return advice_of(kind, result)
    key = f"stream_advice.{shape.kind}"
    return [in_both(key)] if key in TEXTS else []


def short_stream_text(shape: StreamShape) -> Both | None:
    """The same in some 60 columns; None unless it is `notable`."""
    return in_both(f"short_stream.{shape.kind}", None, **_values(shape)) if notable(shape) else None


def notable(shape: StreamShape) -> bool:
    """Whether a short summary should mention it: neither smooth nor only short answers."""
    return shape.kind not in ("smooth", "unknown") or (shape.kind == "unknown" and shape.lump_gap_ms is not None)


def _values(shape: StreamShape) -> dict[str, str]:
    judged = sum(count for form, count in shape.answers.items() if form != "short")
    return {
        "tokens": figure(shape.tokens_per_chunk),
        "reads": figure(shape.chunks_per_read),
        "share": percent_text(shape.answers.get("whole", 0) / judged if judged else None),
        "chunks": figure(shape.chunks_per_lump),
        "size": size_text(shape.lump_bytes),
        "gap": time_text(shape.lump_gap_ms),
        "cut": percent_text(shape.cut_share),
        "lumped": percent_text(shape.share_in_lumps),
    }


def size_text(size: int | None) -> str:
    """Bytes for prose: "340 bytes", "about" sizes from 1 KiB on with two digits, a whole number near a power of two."""
    if size is None:
        return "n/a"
    if size < 1000:
        return f"{size} B"
    kib = size / 1024
    power = 1 << max(0, round(kib).bit_length() - 1)
    near = next((whole for whole in (power, 2 * power) if abs(kib - whole) <= 0.04 * whole), None)
    return f"{near} KiB" if near else f"{kib:.1f} KiB" if kib < 10 else f"{kib:.0f} KiB"


def stalls_text(stalls: Stalls) -> Both | None:
    """How many answers stalled, and for what share of the time; None when none did."""
    return _stalls_in("stalls", stalls)


def short_stalls_text(stalls: Stalls) -> Both | None:
    """The same in some 60 columns."""
    return _stalls_in("short_stalls", stalls)


def _stalls_in(key: str, stalls: Stalls) -> Both | None:
    if not stalls.requests:
        return None
    values = {"share": percent_text(stalls.share), "time": percent_text(stalls.time_ratio)}
    return in_both(key, {"n": count_of("answers", stalls.requests)}, limit=time_text(stalls.stall_ms), **values)


def edges_text(result: RunResult, plateau: Plateau | None) -> Both | None:
    """A note that ramp-up and drain made the rates of the run lower than at full load; None when they did not."""
    name = distorted(result, plateau) if plateau else None
    if plateau is None or name is None:
        return None
    return in_both(
        "edges",
        {"unit": in_both("tokens_unit" if name == "output_tokens_per_s" else "rps_unit")},
        whole=figure(getattr(result.summary, name)),
        full=figure(getattr(plateau, name)),
        begin=str(plateau.from_s),
        end=str(plateau.to_s),
    )


def shape_html(result: RunResult) -> str:
    """A section with the shape of the streams and the stalls; nothing for a run without streams."""
    shape, stalls = result.summary.shape, stalls_of(result)
    said = stream_text(result)
    if said is None:
        return ""
    texts = [said, stalls_text(stalls) or in_both("stalls.none", limit=time_text(stalls.stall_ms))]
    facts = [
        ("stream.tokens_per_chunk", figure(shape.tokens_per_chunk)),
        ("stream.chunks_per_read", figure(shape.chunks_per_read)),
        ("stream.share_in_lumps", percent_text(shape.share_in_lumps)),
        ("stream.chunks_per_lump", figure(shape.chunks_per_lump)),
        ("stream.lump_bytes", size_text(shape.lump_bytes)),
        ("stream.lump_gap", time_text(shape.lump_gap_ms)),
        *((f"stream.answers_{form}", f"{shape.answers.get(form, 0):,}") for form in SHAPE_FORMS),
    ]
    shown = terms_html((key, escape(text)) for key, text in facts if text not in ("n/a", "0"))
    paragraphs = "".join(f"<p>{pair(*text)}</p>" for text in texts)
    return (
        f'<section class="card" id="shape"><h2>{both("section.shape_of", {"kind": in_both(f"kind.{shape.kind}")})}</h2>'
        f'{paragraphs}<dl class="facts">{shown}</dl></section>'
    )


def run_shape(result: RunResult) -> list[Both]:
    """The parts of this for a short summary of the run: shape unless smooth, stalls, ramp-up and drain."""
    shape = result.summary.shape
    said = [
        stream_text(result) if notable(shape) else None,
        stalls_text(stalls_of(result)),
        edges_text(result, plateau_of(result)),
    ]
    return [text for text in said if text is not None]
