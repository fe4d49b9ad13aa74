"""The lines of a profile on the console."""

from __future__ import annotations

from ...console.writer import BOLD, GREEN, RED, YELLOW, Writer
from ...records.profile import MET, MISSED, Profile, target_text
from ...texts import pad
from .wording import TEXTS


def show_profile(writer: Writer, profile: Profile) -> None:
    """Findings with where and advice, then the targets, then what was not measured."""
    column = writer.column
    writer.gap()
    if not profile.findings:
        writer.line(writer.paint(TEXTS["profile.nothing"][column], BOLD))
    else:
        writer.line(writer.paint(TEXTS["profile.findings"][column], BOLD))
    for each in profile.findings:
        place = " · ".join(filter(None, [each.where, each.process]))
        writer.line(f"  - {writer.paint(TEXTS[f'finding.{each.name}'][column], YELLOW)}{': ' if place else ''}{place}")
        writer.line(f"    {each.figure[column]}")
        writer.line(f"    {each.advice[column]}")
    writer.gap()
    writer.line(writer.paint(TEXTS["profile.targets"][column], BOLD))
    for row in profile.targets:
        color = {MET: GREEN, MISSED: RED}.get(row.state, YELLOW)
        value = "–" if row.value is None else target_text(row.rule, row.value, row.unit)
        why = row.why[column] if row.value is None else ""
        state = writer.paint(TEXTS[f"profile.{row.state}"][column], color)
        writer.line(f"  {pad(row.rule, 20)} {pad(value, 14, '>')}  {state} {why}".rstrip())
    if profile.not_measured:
        writer.gap()
        writer.line(writer.paint(TEXTS["profile.missing"][column], BOLD))
        for text in profile.not_measured:
            writer.line(f"  - {text[column]}")
