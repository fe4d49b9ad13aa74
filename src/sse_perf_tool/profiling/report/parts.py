"""The markup of a profile: findings, targets, processes, what was not measured, memory by line."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ...records.profile import COST_LIMIT, MET, MISSED, Profile, ProfileFinding, ProfileTarget, target_text
from ...report_parts.figures import figure
from ...report_parts.page import code, command_html
from ...report_parts.wording import both, pair
from ...texts import printable
from ..stacks.heap import Growth
from .wording import TEXTS


def said(key: str, **values: object) -> str:
    """One of the texts in both languages, as markup."""
    english, chinese = (text.format(**values) if values else text for text in TEXTS[key])
    return pair(english, chinese)


def verdict_html(profile: Profile) -> str:
    """The verdict in a word, and the first cause, or that there is none."""
    causes = [each for each in profile.findings if each.name != "machine_busy"] or list(profile.findings)
    if causes:
        first = causes[0]
        word = both("word.fair") if first.name == "machine_busy" else said("profile.limited")
        lead = pair(f"{first.figure[0]} {first.advice[0]}", f"{first.figure[1]}{first.advice[1]}")
        place = f"{code(first.where)}<br>" if first.where else ""
        return _verdict("fair", word, said(f"finding.{first.name}"), f'<p class="lead">{place}{lead}</p>')
    if any(each.state == MISSED for each in profile.targets):
        return _verdict("fair", said("profile.target_missed"), said("profile.nothing"), "")
    lead = said("profile.nothing_lead" if profile.not_measured else "profile.all_fine")
    grade = "fair" if profile.not_measured else "good"
    return _verdict(grade, both(f"word.{grade}"), said("profile.nothing"), f'<p class="lead">{lead}</p>')


def _verdict(grade: str, word: str, headline: str, more: str) -> str:
    return f'<section class="verdict {grade}"><h2><span class="badge">{word}</span> {headline}</h2>{more}</section>'


def findings_html(findings: Sequence[ProfileFinding]) -> str:
    """A list of all findings; nothing when there is none."""
    if not findings:
        return ""
    items = "".join(map(_finding, findings))
    head = f"<h2>{said('profile.findings')}</h2>"
    return f'<section class="card" id="findings">{head}<ol class="findings">{items}</ol></section>'


def _finding(each: ProfileFinding) -> str:
    facts = [code(each.where), escape(printable(each.process, 200))]
    if each.second is not None:
        when = said("profile.at" if each.name == "process_ended" else "profile.when", at=each.second)
        facts.append(f'<button type="button" class="link" data-at="{each.second}">{when}</button>')
    place = " · ".join(filter(None, facts))
    return (
        f'<li id="finding-{each.name}"><h3>{said(f"finding.{each.name}")}</h3><p class="place">{place}</p>'
        f"<p>{pair(*each.figure)}</p><p>{pair(*each.advice)}</p></li>"
    )


def targets_html(rows: Sequence[ProfileTarget]) -> str:
    """The table of targets and warning signs."""
    heads = "".join(f'<th scope="col"{kind}>{said(f"profile.{key}")}</th>' for key, kind in _TARGET_HEADS)
    lines = "".join(map(_target, rows))
    return (
        '<section class="card" id="targets">'
        '<div class="scroll" tabindex="0" role="region" aria-labelledby="targets-caption">'
        f'<table id="targets-table"><caption id="targets-caption">{said("profile.targets")}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div></section>"
    )


_TARGET_HEADS = (("target", ""), ("value", ""), ("state", ' class="text"'))


def _target(row: ProfileTarget) -> str:
    mark = {MET: "ok", MISSED: "failed"}.get(row.state, "none")
    value = "–" if row.value is None else target_text(row.rule, row.value, row.unit)
    why = f" <small>{pair(*row.why)}</small>" if row.value is None and row.why[0] else ""
    sign = "" if row.is_target else f" · {said('profile.sign')}"
    what = f"<small>{said(f'target.{row.name}')}{sign}</small>"
    return (
        f'<tr><th scope="row">{code(row.rule)} {what}</th><td>{escape(value)}</td>'
        f'<td class="text"><span class="mark {mark}">{said(f"profile.{row.state}")}</span>{why}</td></tr>'
    )


def processes_html(profile: Profile) -> str:
    """The table of processes; nothing when none was looked at."""
    if not profile.processes:
        return ""
    keys = ("name", "pid", "cpu_mean", "peak", "most_threads")
    heads = "".join(f'<th scope="col">{said(f"profile.{key}")}</th>' for key in keys)
    lines = "".join(
        f'<tr><th scope="row">{code(each.name, 60)}</th><td>{each.pid}</td><td>{_number(each.cpu_percent)}</td>'
        f"<td>{_number(each.peak_mb)}</td><td>{_number(each.threads)}</td></tr>"
        for each in profile.processes
    )
    return (
        '<section class="card" id="processes"><div class="scroll" tabindex="0" role="region"'
        f' aria-labelledby="processes-caption"><table class="sortable"><caption id="processes-caption">'
        f"{said('profile.processes')}</caption><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div></section>"
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.1f}".removesuffix(".0")


def missing_html(profile: Profile) -> str:
    """What was not measured, and how the server ended, as lists."""
    parts = []
    for key, rows in (("missing", profile.not_measured), ("steps", profile.steps)):
        if rows:
            items = "".join(f"<li>{pair(printable(row[0], 400), printable(row[1], 400))}</li>" for row in rows)
            parts.append(
                f'<section class="card" id="{key}"><h2>{said(f"profile.{key}")}</h2><ul>{items}</ul></section>'
            )
    return "".join(parts)


def cost_html(profile: Profile) -> str:
    """What profiling cost, and the mark above the limit; nothing when it was not compared."""
    cost = profile.cost
    if cost is None:
        return ""
    numbers = {f"ttft{at}": figure(value) for at, value in enumerate(cost.ttft_ms)}
    numbers |= {f"cpu{at}": figure(value) for at, value in enumerate(cost.cpu_ms)}
    text = said("profile.cost_row", **numbers, n0=cost.requests[0], n1=cost.requests[1])
    marked = cost.worst is not None and cost.worst > COST_LIMIT
    mark = f'<p class="notice" id="under-profilers">{said("profile.marked")}</p>' if marked else ""
    return f'<section class="card" id="cost"><h2>{said("profile.cost")}</h2><p>{text}</p>{mark}</section>'


def heap_html(growth: Sequence[Growth]) -> str:
    """Memory by line of each process of the heap pass; nothing without one."""
    shown = sorted((each for each in growth if not each.error), key=lambda each: -each.total_mb)
    if not shown:
        return ""
    heads = "".join(
        f'<th scope="col"{kind}>{said(f"profile.{key}")}</th>' for key, kind in (("line", ""), ("kept", ""))
    )
    tables = []
    for each in shown:
        lines = "".join(
            f'<tr><th scope="row">{code(place.text, 200)}</th><td data-v="{mb:.3f}">{mb:,.2f}</td></tr>'
            for place, mb in each.lines
        )
        body = (
            f"<table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>"
            if lines
            else said("profile.no_heap")
        )
        title = f"{each.kind} {each.pid} <small>{each.total_mb:,.2f} MB</small>"
        tables.append(f'<h3>{title}</h3><div class="scroll" tabindex="0">{body}</div>')
    return (
        f'<section class="card" id="heap"><h2>{said("profile.section_heap")}</h2>'
        f'<p class="over">{said("profile.heap_hint")}</p>{"".join(tables)}</section>'
    )


def server_facts(profile: Profile) -> str:
    """The facts of the profile, as terms."""
    rows = (
        ("command", command_html(profile.command)),
        ("passes", escape(" ".join(profile.passes))),
        ("folder", code(profile.folder)),
    )
    return "".join(
        f"<div{' class=wide' if key == 'command' else ''}><dt>{said(f'profile.{key}')}</dt><dd>{value}</dd></div>"
        for key, value in rows
        if value
    )
