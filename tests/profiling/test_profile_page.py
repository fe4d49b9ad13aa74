"""The page of a profile: its markup, its size, and how it behaves in a browser with the network cut."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chromium import FOUND, Browser
from profiles import HANDLER, READ, evidence, hook, process, profile_of, run, stacks
from sse_perf_tool.commands.messages import in_both
from sse_perf_tool.exporters.markdown import to_markdown
from sse_perf_tool.profiling.folder import Drawn
from sse_perf_tool.profiling.hooks.reading import Code
from sse_perf_tool.profiling.report.lines import show_profile
from sse_perf_tool.profiling.report.page import STYLE_OF_FLAMES, write_page
from sse_perf_tool.profiling.report.wording import TEXTS
from sse_perf_tool.profiling.stacks.heap import Growth
from sse_perf_tool.profiling.stacks.samples import Sample, Stacks
from sse_perf_tool.records import RunResult
from sse_perf_tool.records.profile import Profile, ProfileCost, ProfileFinding, target_text
from sse_perf_tool.report_parts.libraries import ASSETS, FLAME_LIBRARIES

ATTACK = "</script><img src=x onerror=window.pwned=1>"
ASSETS_ARE_THERE = all((ASSETS / library.asset).is_file() for library in FLAME_LIBRARIES)


def judged_run(profile: Profile | None = None) -> tuple[RunResult, Drawn]:
    slow = run(latency_ms=1500, ttft_ms=1400)
    looked, told = process(), hook(waits=[(HANDLER, READ, 8)])
    seen = evidence(slow, [looked], [told], stacks={7: stacks()})
    growth = [Growth(7, "python", [(HANDLER, 8.0)], 10.0)]
    return replace(slow, profile=profile or profile_of(seen)), Drawn([looked], [told], [stacks()], growth)


def test_the_page_says_what_was_found_in_both_languages(tmp_path: Path) -> None:
    result, drawn = judged_run()
    write_page(result, drawn, tmp_path / "p.html")
    text = (tmp_path / "p.html").read_text("utf-8")
    for said in (
        "The server waits",
        "服务端在等待",
        "handler (shop/app.py:12)",
        "ttfc&lt;500ms",
        "Memory that stays, by line",
    ):
        assert said in text, said
    assert f"'sha256-{STYLE_OF_FLAMES}'" in text


def test_a_warning_of_the_profile_stands_in_both_languages(tmp_path: Path) -> None:
    result, drawn = judged_run()
    said = "the figures are those of a server under profilers, whose TTFT P50 is higher by 52%"
    write_page(replace(result, warnings=[said]), drawn, tmp_path / "p.html", translated=in_both)
    text = (tmp_path / "p.html").read_text("utf-8")
    assert said in text
    assert "数据来自分析器下的服务端：TTFT P50 比无分析器时高 52%" in text


def test_a_target_says_what_it_is_and_the_busiest_process_is_drawn_first(tmp_path: Path) -> None:
    result, drawn = judged_run()
    idle = Stacks(8, "python 8", stacks().samples[:3])
    write_page(result, replace(drawn, stacks=[idle, stacks()]), tmp_path / "p.html")
    text = (tmp_path / "p.html").read_text("utf-8")
    assert "median response time, whole answers" in text
    assert "response time, P99</span>" in text
    flames = text[text.index('"flames"') :]
    assert flames.index('"label":"python 7"') < flames.index('"label":"python 8"')


def test_a_process_that_ended_has_a_moment_and_a_blocked_loop_its_worst(tmp_path: Path) -> None:
    result, drawn = judged_run()
    for name, said in (("process_ended", ">at 4.5 s<"), ("loop_blocked", ">worst at 4.5 s<")):
        found = ProfileFinding(name, "python 7", "", ("f", "f"), ("a", "a"), 4.5)
        write_page(replace(result, profile=Profile(findings=[found])), drawn, tmp_path / "p.html")
        assert said in (tmp_path / "p.html").read_text("utf-8")


def test_a_comment_for_a_pull_request_says_it_too() -> None:
    result, _ = judged_run()
    text = to_markdown(result)
    assert "**Seen inside the server**" in text
    assert "`handler (shop/app.py:12)` 100 % of the tasks" in text
    assert "- ❌ `ttfc<500ms`: 1,400 ms" in text


def test_what_profiling_cost_marks_the_figures_above_the_limit(tmp_path: Path) -> None:
    for share, marked in ((1.1, False), (1.3, True)):
        cost = ProfileCost((100.0, 100.0 * share), (2.0, 9.0), (50, 250))
        result, drawn = judged_run(Profile(cost=cost))
        write_page(result, drawn, tmp_path / "p.html")
        assert ('id="under-profilers"' in (tmp_path / "p.html").read_text("utf-8")) is marked


def test_foreign_text_never_becomes_markup(tmp_path: Path) -> None:
    result, _ = judged_run()
    place = Code(ATTACK, f"/srv/{ATTACK}.py", 1)
    flames = [Stacks(1, ATTACK, [Sample(1, 10, (place,))])]
    kept = [Growth(1, "python", [(place, 3.0)], 3.0)]
    drawn = Drawn([replace(process(), name=ATTACK)], [hook(waits=[(place, READ, 9)])], flames, kept)
    write_page(
        replace(result, profile=Profile(command=ATTACK, not_measured=[(ATTACK, ATTACK)])), drawn, tmp_path / "p.html"
    )
    assert "<img src=x" not in (tmp_path / "p.html").read_text("utf-8")


def large() -> Drawn:
    """Twenty thousand different stacks."""
    chance = random.Random(1)
    samples = []
    for number in range(20_000):
        above = tuple(Code(f"function_{chance.randrange(400)}", f"/srv/shop/module_{n}.py", n) for n in range(3))
        samples.append(Sample(number / 2000, 2, (*above, Code(f"leaf_{number}", "/srv/shop/leaf.py", number))))
    return Drawn([process()], [hook()], [Stacks(7, "python 7", samples)])


@pytest.mark.skipif(not ASSETS_ARE_THERE, reason="no assets: run python tools/build_assets.py")
def test_a_page_with_twenty_thousand_stacks_is_offline_and_small(tmp_path: Path) -> None:
    result, _ = judged_run()
    assert write_page(result, large(), tmp_path / "p.html") == []
    assert (tmp_path / "p.html").stat().st_size < 1_500_000


def test_the_console_says_the_same() -> None:
    from io import StringIO

    from sse_perf_tool.console.writer import Writer

    result, _ = judged_run()
    assert result.profile is not None
    for lang, headline in (("en", "The server waits: handler (shop/app.py:12) · python 7"), ("zh", "服务端在等待")):
        out = StringIO()
        show_profile(Writer(out, lang, {}), replace(result.profile, not_measured=[("none of it", "没有")]))
        assert headline in out.getvalue()
        assert ("none of it" if lang == "en" else "没有") in out.getvalue()


def test_every_text_is_there_in_both_languages_and_every_finding_has_a_title() -> None:
    assert all(english and chinese for english, chinese in TEXTS.values())
    from sse_perf_tool.profiling.judge.wording import TEXTS as JUDGED

    titled = {key.removeprefix("finding.") for key in TEXTS if key.startswith("finding.")}
    assert titled <= set(JUDGED)
    assert {
        key.removesuffix(".advice") for key in JUDGED if key.endswith(".advice") and key.count(".") == 1
    } == titled - {"waits_on"}


needs_browser = pytest.mark.skipif(
    FOUND is None or not ASSETS_ARE_THERE, reason="needs Chromium and the report's assets"
)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The page used once: opened, a span dragged, searched, switched to Chinese and dark."""
    path = tmp_path_factory.mktemp("page") / "p.html"
    result, drawn = judged_run()
    write_page(result, drawn, path)
    found: dict[str, Any] = {}
    with Browser() as browser:
        browser.do(
            "Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0
        )
        browser.do("Page.navigate", url=path.as_uri())
        browser.until("document.documentElement?.dataset.flames === '1'")
        frames = "[...document.querySelectorAll('#flames g.frame title')].map((each) => each.textContent)"
        heading = "document.querySelector('#flames h3').textContent"
        found["whole"], found["heading"] = browser.run(frames), browser.run(heading)
        found["bar"] = browser.run(
            "[...document.querySelectorAll('#sections a')].filter((link) =>"
            " document.querySelector(link.hash).checkVisibility()).map((link) => link.hash)"
        )
        browser.run("(document.getElementById('range-from').value = 2, document.getElementById('range-to').value = 4,"
                    " document.getElementById('range').requestSubmit())")  # fmt: skip
        browser.until(f"{heading}.includes('2 to 4 s')")
        found["span"] = browser.run(heading)
        found["axes"] = browser.run(
            "cards_are_tied = [document.documentElement.dataset.from, document.documentElement.dataset.to]"
        )
        found["rows"] = browser.run(
            "[...document.querySelectorAll('#functions-7 tbody tr')].map((row) => row.cells[0].textContent)"
        )
        browser.run("document.getElementById('language').click()")
        browser.until(f"{heading}.includes('CPU') && {heading}.includes('至')")
        found["wide"] = browser.run("document.documentElement.scrollWidth <= innerWidth")
        browser.do("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=1, mobile=True)
        browser.until("innerWidth === 390")
        box = "((found) => found.map((each) => each.getBoundingClientRect()).map((each) => [each.left, each.right]))"
        cells = "[...document.querySelectorAll('#heap tr:first-child > *')]"
        found["heap"] = browser.run(f"{box}({cells})")
        inner = "const {paddingLeft, paddingRight} = getComputedStyle(each); return paddingLeft + ' ' + paddingRight"
        found["padding"] = browser.run(f"{cells}.map((each) => {{ {inner} }})")
        widths = "cards_of = () => [...document.querySelectorAll('#charts canvas')].map((each) => each.width)"
        found["widths"] = browser.run(
            f"({widths}, [cards_of(), (dispatchEvent(new Event('beforeprint')), cards_of()),"
            " (dispatchEvent(new Event('afterprint')), cards_of())])"
        )
        found["said"] = [
            event for event in browser.events if event.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown")
        ]
    return found


@needs_browser
def test_on_a_phone_the_memory_of_a_line_stands_beside_it(seen: dict[str, Any]) -> None:
    """The name of a line wraps: it was the figures that lay beyond the edge."""
    assert len(seen["heap"]) == 4, "two heads, and a row"
    assert all(0 <= left < right <= 390 for left, right in seen["heap"])
    head, kept_head, line, kept = seen["heap"]
    assert (head, kept_head) == (line, kept)
    assert len(set(seen["padding"])) == 1, "so that heads begin and end where their cells do"


@needs_browser
def test_charts_are_wide_enough_for_paper_while_it_is_printed(seen: dict[str, Any]) -> None:
    before, printed, after = seen["widths"]
    assert max(before) < 400
    assert min(printed) >= 500
    assert max(after) < 400


@needs_browser
def test_the_flame_graph_is_that_of_the_span_in_view(seen: dict[str, Any]) -> None:
    assert seen["heading"] == "python 7 · 0 to 15 s: 1,000 ms of CPU"
    assert any(text.startswith("handler (shop/app.py:12)  75.0 %, 750 ms") for text in seen["whole"]), seen["whole"]
    assert seen["span"] == "python 7 · 2 to 4 s: 200 ms of CPU"
    assert seen["axes"] == ["2", "4"]
    assert seen["rows"][0] == "dumps"


@needs_browser
def test_nothing_is_refused_or_thrown_and_the_bar_leads_to_every_part(seen: dict[str, Any]) -> None:
    assert seen["said"] == []
    parts = ["overview", "findings", "targets", "load", "server", "loop", "waits", "flame", "heap", "setup"]
    assert seen["bar"] == [f"#{part}" for part in parts]
    assert seen["wide"], "no page is wider than its window"


@pytest.mark.parametrize(
    ("rule", "value", "text"),
    [
        ("ttfc<500ms", 0.609, "0.609 ms"),
        ("ttfc<500ms", 132.784, "133 ms"),
        ("ttfc<500ms", 499.96, "499.96 ms"),
        ("ttfc<500ms", 500.0, "500 ms"),
        ("p50<1s", 999.7, "999.7 ms"),
        ("p50<1s", 1400.3, "1,400 ms"),
        ("rss<1.5GB", 1499.96, "1,499.96 MB"),
        ("growth<20%", 0.0, "0 %"),
        ("of another version", 12.345, "12.3 ms"),
    ],
)
def test_what_was_measured_for_a_target_has_digits_for_its_limit_alone(rule: str, value: float, text: str) -> None:
    assert target_text(rule, value, text.split()[-1]) == text
