"""`--junit`: thresholds and failed requests as JUnit XML, for CI."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..goals.thresholds import measured_text, with_unit
from ..records import OUTCOMES, Abort, Outcome, RunResult
from ..records.profile import target_text
from ..records.server import highest, server_metrics_of
from ..report_parts.figures import percent_text
from ..report_parts.verdict import aborted_text, partial_text
from ..report_parts.wording import in_both
from ..texts import printable
from ..trust import REQUIRED
from .json_summary import MISSING_PARTS, summary_document


def to_junit(result: RunResult) -> str:
    """JUnit XML of the summary, see `junit_of`."""
    return junit_of(summary_document(result))


class _Check(NamedTuple):
    """A test case: its name and, when it is not met, the message in one line and in full."""

    group: str
    name: str
    problem: str = ""
    text: str = ""
    state: str = "failure"
    """The element for a problem: "failure" or "skipped"."""


def junit_of(document: Mapping[str, Any]) -> str:
    """JUnit XML from the object of `--json`, also of an older version.

    There is a case for: run whole, all requests ok, none of each failed outcome, each threshold, each allowance over
    the baseline, each target of a profile.  A test case fails where the exit status does: with one of these they
    decide, and failed requests are "skipped" with the same message.  When no request came to an end, none of them
    passed: "skipped" too; when none was even sent, "all requests ok" fails.
    """
    parts = [key for key in MISSING_PARTS if document.get(key)] or ["partial"]
    cut_short = [_cut_short_text(key, document) for key in ("interrupted", *parts) if document[key]]
    if aborted := document.get("aborted"):
        cut_short.append(aborted_text(Abort(**aborted))[0])
    whole = _Check("run", "run is whole", " ".join(cut_short))
    goals = [*_threshold_checks(document), *_baseline_checks(document), *_target_checks(document)]
    checks = [whole, *_request_checks(document), *_trust_checks(document), *goals]
    states = [check.state if check.problem else "" for check in checks]
    numbers = {
        "tests": str(len(checks)),
        "failures": str(states.count("failure")),
        "errors": "0",
        "skipped": str(states.count("skipped")),
        "time": str(document["duration_s"]),
    }
    suites = ET.Element("testsuites", {"name": "sse-perf", **numbers})
    about = {"name": _xml(f"sse-perf {document['config']['url']}"), "timestamp": document["started_at"]}
    suite = ET.SubElement(suites, "testsuite", {**about, **numbers})
    _add_properties(suite, document.get("server_metrics"))
    for check in checks:
        seconds = numbers["time"] if check.group == "requests" else "0"
        names = {"classname": f"sse-perf.{check.group}", "name": _xml(check.name), "time": seconds}
        case = ET.SubElement(suite, "testcase", names)
        if check.problem:
            ET.SubElement(case, check.state, {"message": _xml(check.problem)}).text = _xml(check.text)
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _cut_short_text(key: str, document: Mapping[str, Any]) -> str:
    both = partial_text(document.get("missing_requests")) if key == "partial" else in_both(key)
    return both[0]


def _add_properties(suite: ET.Element, told: Mapping[str, Any] | None) -> None:
    """The highest values that the server told of itself, as properties of the suite; nothing without them."""
    most = highest(server_metrics_of(told)) if told else {}
    if most:
        properties = ET.SubElement(suite, "properties")
        for name, value in most.items():
            ET.SubElement(properties, "property", {"name": f"server_{name}_max", "value": f"{value:.6g}"})


def _request_checks(document: Mapping[str, Any]) -> list[_Check]:
    failed, finished = document["requests"]["failed"], document["requests"]["ok"] + document["requests"]["failed"]
    decided = _threshold_checks(document) or document.get("baseline")
    state = "skipped" if decided or not finished else "failure"
    nothing = "" if finished else "no request finished"
    problem = f"{failed} of {finished} requests failed" if failed else nothing
    all_ok = state if document["requests"]["sent"] else "failure"
    checks = [_Check("requests", "all requests ok", problem, _errors_text(document["errors"]), all_ok)]
    for outcome in OUTCOMES:
        if outcome not in (Outcome.OK, Outcome.CANCELLED):
            count = document["outcomes"].get(outcome.value, 0)
            problem = f"{count} of {finished} requests ended with {outcome.value}" if count else nothing
            errors = [group for group in document["errors"] if group["outcome"] == outcome.value]
            checks.append(_Check("outcomes", f"no {outcome.value}", problem, _errors_text(errors), state))
    return checks


def _threshold_checks(document: Mapping[str, Any]) -> list[_Check]:
    # Whether trust was required decides how the case "trust" ends, so the rule needs no case of its own.
    return [
        _Check("thresholds", rule["rule"], "" if rule["ok"] else f"{rule['rule']} is missed: {_why(rule, 'value')}")
        for rule in document["thresholds"]
        if rule["rule"] != REQUIRED
    ]


def _trust_checks(document: Mapping[str, Any]) -> list[_Check]:
    """The case "trust": it fails only if trust was required; there is none when nothing was measured and it was not."""
    trust, required = document["trust"], any(rule["rule"] == REQUIRED for rule in document["thresholds"])
    if trust["verdict"] == "not_measured" and not required:
        return []
    problem = "" if trust["verdict"] == "trusted" else f"the figures are {trust['verdict'].replace('_', ' ')}"
    return [_Check("trust", "trust", problem, "\n".join(trust["reasons"]), "failure" if required else "skipped")]


def _baseline_checks(document: Mapping[str, Any]) -> list[_Check]:
    checks = []
    for rule in document.get("baseline", ()):
        before = with_unit(rule["rule"], rule["old"], 4)
        said = f"{rule['rule']} is missed: {before} before, {_why(rule, 'new')}"
        checks.append(_Check("baseline", rule["rule"], "" if rule["ok"] else _failing_words(document) + said))
    return checks


def _failing_words(document: Mapping[str, Any]) -> str:
    """What comes before all else when more requests fail than in the older run."""
    counts = document["requests"]
    if not document.get("fails_more"):
        return ""
    share = percent_text(counts["failed"] / (counts["ok"] + counts["failed"]))
    return in_both("fails_now", share=share)[0] + "; "


def _target_checks(document: Mapping[str, Any]) -> list[_Check]:
    """A case for each target and warning sign of a profile; only a target can fail, and only if they decide."""
    checks, profile = [], document.get("profile") or {}
    for row in profile.get("targets", ()):
        fails = profile["fail_on_targets"] and row["is_target"] and row["state"] == "missed"
        state = "failure" if fails else "skipped"
        said = row["why"] if row["value"] is None else target_text(row["rule"], row["value"], row["unit"])
        problem = "" if row["state"] == "met" else f"{row['rule']} is {row['state'].replace('_', ' ')}: {said}"
        checks.append(_Check("profile", row["rule"], problem, state=state))
    return checks


def _why(rule: Mapping[str, Any], name: str) -> str:
    """The measured value of a missed rule, and its note."""
    return ", ".join(filter(None, [measured_text(rule["rule"], rule[name]), rule.get("note")]))


def _errors_text(groups: Iterable[Mapping[str, Any]]) -> str:
    """The errors of the summary, a line each."""
    return "\n".join(
        "{count} x {outcome}: {said} (e.g. request {example_request})".format(
            said=printable(group["message"], 4_000), **group
        )
        for group in groups
    )


_NOT_XML = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"


def _xml(text: str) -> str:
    """`text` with what XML 1.0 cannot hold in any form (production 2, Char) as U+FFFD."""
    return re.sub(_NOT_XML, "\ufffd", text)
