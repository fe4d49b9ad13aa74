"""Thresholds of a benchmark: as those of a run, for all cells or for the cells that a pattern matches.

    rule = subject ["{" name ":" pattern {"," name ":" pattern} "}"] ":" function operator number

A name is `provider`, `model` or `context`; a pattern has `*` and `?` as file names have, in any case.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from ..errors import UsageError
from ..goals.thresholds import TEXTS as RULE_TEXTS
from ..goals.thresholds import Rule, evaluate, parse_rule
from ..records import ThresholdResult
from ..texts import Say, Texts, printable
from .cell import CellResult
from .plan import Cell

TEXTS: Texts = {
    **RULE_TEXTS,
    "unknown_tag": (
        "{{{tag}:...}}: a rule is for a provider, a model or a context; write one of these names",
        "{{{tag}:...}}：规则只能针对 provider、model 或 context",
    ),
    "bad_tag": ("{{{tags}}}: write {{model:PATTERN}}", "{{{tags}}}：请写成 {{model:模式}}"),
    "no_cell": ("no cell is called so; --list shows them", "没有匹配的测量项，可用 --list 查看"),
}

_TAGS = re.compile(r"^\s*(\w+)\s*\{([^{}]*)\}(.*)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class CellRule:
    """A threshold and the cells that it is for."""

    text: str
    rule: Rule
    patterns: tuple[tuple[str, str], ...] = ()

    def is_for(self, cell: Cell) -> bool:
        """Whether it is for this cell."""
        names = {
            "provider": (cell.provider_key, cell.provider),
            "model": (cell.model_id, cell.model),
            "context": (str(cell.context_tokens),),
        }
        return all(
            any(fnmatchcase(name.lower(), pattern.lower()) for name in names[tag]) for tag, pattern in self.patterns
        )


def rules_of(texts: Sequence[str], cells: Sequence[Cell], say: Say) -> list[CellRule]:
    """The rules that were asked for.  UsageError for what is none, or is for no cell; `say` must know `TEXTS`."""
    rules = []
    for text in texts:
        rule = _rule_of(text, say)
        if not any(rule.is_for(cell) for cell in cells):
            raise UsageError(f"--threshold {printable(text, 80)}: {say('no_cell')}")
        rules.append(rule)
    return rules


def _rule_of(text: str, say: Say) -> CellRule:
    label = f"--threshold {printable(text, 80)}"
    tagged = _TAGS.match(text)
    subject, tags, rest = tagged.groups() if tagged else ("", "", text)
    patterns = []
    for part in filter(str.strip, tags.split(",")):
        tag, colon, pattern = (each.strip() for each in part.partition(":"))
        if not colon or not pattern:
            raise UsageError(f"{label}: {say('bad_tag', tags=printable(tags, 40))}")
        if tag not in ("provider", "model", "context"):
            raise UsageError(f"{label}: {say('unknown_tag', tag=printable(tag, 40))}")
        patterns.append((tag, pattern))
    try:
        return CellRule(text.strip(), parse_rule(subject + rest, say), tuple(patterns))
    except UsageError as error:
        raise UsageError(f"{label}: {error}") from None


def judged(rules: Sequence[CellRule], results: Sequence[CellResult]) -> list[dict[str, Any]]:
    """Each rule held against each of its cells that was measured: {"rule", "cell", "value", "ok", "note"}."""
    rows = []
    for rule in rules:
        for found in results:
            if found.result is not None and rule.is_for(found.cell):
                kept: ThresholdResult = evaluate(rule.rule, found.result)
                value = None if kept.value is None else round(kept.value, 6)
                rows.append(
                    {"rule": rule.text, "cell": list(found.cell.name), "value": value, "ok": kept.ok, "note": kept.note}
                )
    return rows
