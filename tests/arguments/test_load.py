"""The flags that shape the load: what they may be, what they mean together, and where a mistake in them is."""

from __future__ import annotations

import json
import re
from itertools import chain
from pathlib import Path

import pytest

from sse_perf_tool.arguments import Arguments, parse_arguments
from sse_perf_tool.arguments.load import TEXTS as LOAD_TEXTS
from sse_perf_tool.errors import UsageError
from sse_perf_tool.flags import load_checks
from sse_perf_tool.records import RunConfig

KEYED = ("--api-key", "app-4wX9secret4Knu", "--html-report", "r.html")
RATE = "give requests a second, above 0 and at most 100000, e.g. 20 or 0.5"
ARRIVAL = "give constant, poisson or gamma:CV with a CV above 0 and at most 100, e.g. gamma:2"
STAGES = "give TIME:THREADS or TIME:RATE/s, joined by commas, e.g. 30s:10,1m:50,30s:0 or 30s:5/s,1m:20/s"
WARMUP = "give a time with its unit or a number of requests, e.g. 10s or 20"
SHARE = "give a share from 0 to 1, e.g. 0.05 or 5%"
SPEED = "give a number above 0, e.g. 2 for twice as fast"
EXAMPLE = 'write one JSON object a line, e.g. {"timestamp": 1500, "query": "..."}'


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    trace('{"timestamp": 0, "query": "a"}', '{"timestamp": 2000, "query": "b"}', '{"timestamp": 4000, "query": "c"}')


def trace(*lines: str) -> str:
    Path("t.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return "t.jsonl"


def asked(*argv: str, lang: str = "en") -> Arguments:
    return parse_arguments([*KEYED, *argv, "--lang", lang], {})


def config_of(*argv: str) -> RunConfig:
    return asked(*argv).config


def problem(*argv: str, lang: str = "en") -> str:
    with pytest.raises(UsageError) as caught:
        asked(*argv, lang=lang)
    return str(caught.value)


def at(place: int, found: str) -> str:
    return f'character {place}, "{found}", does not fit'


MISTAKES: list[tuple[list[str], str]] = [
    (["--rate", "20/m"], f"--rate 20/m: {at(4, 'm')}; {RATE}"),
    (["--rate", "1.5.2"], f"--rate 1.5.2: {at(4, '.')}; {RATE}"),
    (["--rate", "-3"], f"--rate -3: {at(1, '-')}; {RATE}"),
    (["--rate", "20/"], f"--rate 20/: it is incomplete; {RATE}"),
    (["--rate", "0"], f"--rate 0: {RATE}"),
    (["--arrival", "poison"], f"--arrival poison: {at(5, 'o')}; {ARRIVAL}"),
    (["--arrival", "gamma"], f"--arrival gamma: it is incomplete; {ARRIVAL}"),
    (["--arrival", "gamma:1.x"], f"--arrival gamma:1.x: {at(9, 'x')}; {ARRIVAL}"),
    (["--arrival", "gamma:0"], f"--arrival gamma:0: {at(7, '0')}; {ARRIVAL}"),
    (["--arrival", "poisson:3"], f"--arrival poisson:3: {at(8, ':')}; {ARRIVAL}"),
    (["--stages", "30s:10,1m:5o"], f"--stages 30s:10,1m:5o: {at(12, 'o')}; {STAGES}"),
    (["--stages", "30s,1m:5"], f"--stages 30s,1m:5: {at(4, ',')}; {STAGES}"),
    (["--stages", "30x:10"], f"--stages 30x:10: {at(3, 'x')}; {STAGES}"),
    (["--stages", "30s:1.5"], f"--stages 30s:1.5: {at(6, '.')}; {STAGES}"),
    (["--stages", "30s:5/m"], f"--stages 30s:5/m: {at(7, 'm')}; {STAGES}"),
    (["--stages", "30s:5/,2s:3"], f"--stages 30s:5/,2s:3: {at(7, ',')}; {STAGES}"),
    (["--stages", "30s:10,,"], f"--stages 30s:10,,: {at(8, ',')}; {STAGES}"),
    (["--stages", "30s:"], f"--stages 30s:: it is incomplete; {STAGES}"),
    (["--stages", "1s:5/s,2s:3"],
     (f"--stages 1s:5/s,2s:3: {at(11, '3')}; threads and rates cannot be mixed; "
     "write /s behind all targets or behind none")),
    (["--stages", "9s:0"], "--stages 9s:0: has no load at all; give a target above 0"),
    (["--stages", "9s:100001"],
     "--stages 9s:100001: a target above 100000, or stages of more than 1e+07 s; give less"),
    (["--warmup", "10x"], f"--warmup 10x: {at(3, 'x')}; {WARMUP}"),
    (["--warmup", "1.5"], f"--warmup 1.5: it is incomplete; {WARMUP}"),
    (["--cooldown", "5z"],
     f"--cooldown 5z: {at(2, 'z')}; give a time, 0 or above: seconds, or with units, e.g. 90, 90s, 5m, 1h30m"),
    (["--cancel-rate", "5"], f"--cancel-rate 5: {SHARE}"),
    (["--cancel-rate", "5%%"], f"--cancel-rate 5%%: {at(3, '%')}; {SHARE}"),
    (["--speed", "x2"], f"--speed x2: {at(1, 'x')}; {SPEED}"),
    (["--speed", "0"], f"--speed 0: {SPEED}"),
    (["--rate", "5"], "--rate 5: would never end; add --duration or --requests"),
    (["--rate", "5", "--stages", "9s:5"], "--stages 9s:5: cannot go with --rate; keep one of them"),
    (["--rate", "5", "--duration", "9", "--ramp-up", "1"], "--rate 5: cannot go with --ramp-up; keep one of them"),
    (["--stages", "9s:5", "--ramp-up", "1"], "--stages 9s:5: cannot go with --ramp-up; keep one of them"),
    (["--stages", "9s:5", "--threads", "1"], "--stages 9s:5: cannot go with --threads; keep one of them"),
    (["--stages", "9s:5", "--duration", "1"], "--stages 9s:5: cannot go with --duration; keep one of them"),
    (["--batch", "2", "--processes", "2"], "--batch 2: cannot go with --processes; keep one of them"),
    (["--arrival", "poisson"], "--arrival poisson: has no effect without --rate; add it, or leave this out"),
    (["--speed", "2"], "--speed 2: has no effect without --replay; add it, or leave this out"),
    (["--cancel-rate", "5%"], "--cancel-rate 5%: has no effect without --cancel-after; add it, or leave this out"),
    (["--cooldown", "5", "--requests", "9"],
     "--cooldown 5: needs a known end of the run; add --duration, or use --stages"),
    (["--cooldown", "5", "--warmup", "5s", "--duration", "10"],
     "--warmup 5s: leaves nothing to measure of 10 s; reduce --warmup and --cooldown"),
    (["--warmup", "9", "--requests", "9"], "--warmup 9: leaves nothing to measure of 9 requests; reduce it"),
    (["--replay", "t.jsonl", "--context-tiers", "0,9"],
     "--replay t.jsonl: cannot go with --context-tiers; keep one of them"),
    (["--stages", "9s:5/s", "--think-time", "1"], "--stages 9s:5/s: cannot go with --think-time; keep one of them"),
    (["--replay", "no.jsonl"], "--replay no.jsonl: no such file; check the path"),
    (["--replay", "t.jsonl", "--json", "t.jsonl"],
     "--json t.jsonl: is also the file of --replay; choose another name"),
]  # fmt: skip


@pytest.mark.parametrize(("argv", "expected"), MISTAKES)
def test_a_mistake_gets_one_line_that_points_at_the_character(argv: list[str], expected: str) -> None:
    assert problem(*argv) == expected
    chinese = problem(*argv, lang="zh")
    assert "\n" not in chinese
    assert re.search("[请须]", chinese), "it says what to do"


def test_every_text_of_a_mistake_is_tested() -> None:
    spoken = "\n".join(expected for _, expected in MISTAKES)
    for key, (english, _) in chain(load_checks.TEXTS.items(), LOAD_TEXTS.items()):
        assert re.search(".*".join(map(re.escape, re.split(r"\{[\w:]+\}", english))), spoken), key


# --- what they mean together


def test_a_rate_gets_threads_for_answers_of_ten_seconds_within_bounds() -> None:
    threads = [config_of("--rate", rate, "--duration", "9").threads for rate in ("0.1", "20", "300")]
    assert threads == [10, 200, 1000]
    assert config_of("--rate", "20", "--duration", "9", "--threads", "7").threads == 7


def test_stages_of_threads_say_how_many_and_how_long() -> None:
    config = config_of("--stages", "30s:10,1m:50,30s:0")
    assert (config.threads, config.duration_s, config.planned_s, config.open_loop) == (50, 120, 120, False)


def test_stages_of_a_rate_leave_the_threads_to_the_user() -> None:
    config = config_of("--stages", "0s:5/s,1m:5/s", "--threads", "3")
    assert (config.stages_of, config.threads, config.duration_s, config.open_loop) == ("rate", 3, 60, True)


def test_a_batch_has_its_threads_and_one_process_and_without_a_length_there_is_one() -> None:
    config = config_of("--batch", "600")
    assert (config.threads, config.processes, config.requests) == (600, 1, 600)
    assert config_of("--batch", "4", "--duration", "9").requests is None
    assert config_of("--batch", "4", "--threads", "2").threads == 2


def test_a_single_request_has_no_schedule_and_the_flags_that_would_make_one_are_passed_over() -> None:
    arguments = asked("--simple", "--rate", "5", "--warmup", "3", "--arrival", "poisson")
    assert not arguments.config.open_loop
    assert arguments.config.warmup_requests == 0
    assert [text.partition(":")[0] for text in arguments.warnings] == ["--rate", "--arrival", "--warmup"]


def test_the_demo_takes_a_rate_for_its_ten_seconds() -> None:
    config = parse_arguments(["--demo", "--rate", "3", "--html-report", "r.html"], {}).config
    assert (config.rate_per_s, config.duration_s, config.threads) == (3.0, 10.0, 30)


def test_a_trace_is_sent_at_its_speed_and_what_is_due_after_the_end_is_left_out() -> None:
    whole, fast = asked("--replay", "t.jsonl"), asked("--replay", "t.jsonl", "--speed", "2", "--duration", "1.5")
    assert [(each.at_s, each.query.text) for each in whole.replayed] == [(0, "a"), (2, "b"), (4, "c")]
    assert (whole.config.requests, whole.config.replay_s, whole.config.planned_s) == (3, 4.0, 4.0)
    assert [each.at_s for each in fast.replayed] == [0, 1]
    assert (fast.config.requests, fast.config.speed, fast.config.planned_s) == (2, 2.0, 1.5)
    assert config_of("--replay", "t.jsonl", "--requests", "1").requests == 1


def test_the_threads_of_a_trace_are_for_its_mean_rate() -> None:
    assert config_of("--replay", trace(*(f'{{"timestamp_s": {n / 8}}}' for n in range(80)))).threads == 82  # 80 / 9.875


# --- traces


def test_a_body_is_sent_as_it_stands_whatever_the_template() -> None:
    arguments = asked("--replay", trace('{"timestamp": 0, "body": {"a": "{query}"}}'))
    assert arguments.body.build(arguments.replayed[0].query, "c-1") == b'{"a":"{query}"}'


def test_a_mistake_in_a_trace_has_the_flag_in_front() -> None:
    path = trace('{"timestamp": 0}', "", "[1]")
    assert problem("--replay", path) == f"--replay t.jsonl, line 3: not a JSON object; {EXAMPLE}"


MESSAGES = [{"role": "system", "content": "be kind"}, {"role": "user", "content": "hi"}]
OF_LENGTHS = '{"timestamp": 0, "input_length": 50, "output_length": 7}'


def warned(*argv: str, lang: str = "en") -> list[str]:
    return list(asked(*argv, lang=lang).warnings)


def test_a_trace_whose_lines_bring_no_text_is_warned_of() -> None:
    path = trace('{"timestamp": 0, "content": "a"}', '{"timestamp": 1, "content": "b"}')
    assert warned("--replay", path) == [
        (
            "--replay t.jsonl: 2 of 2 lines bring no text (line 1: timestamp, content), "
            "the queries of the run are asked; "
            "give query, messages, body or input_length"
        )
    ]
    assert warned("--replay", trace('{"timestamp": 0}')) == []


def test_what_a_trace_says_and_the_body_has_no_place_for_is_warned_of() -> None:
    path = trace(json.dumps({"timestamp": 0, "messages": MESSAGES, "max_tokens": 9}), OF_LENGTHS)
    template = Path("b.json")
    template.write_text('{"q": "{query}"}')
    given = ("--replay", path, "--request-body-file", "b.json")
    assert warned(*given) == [
        '--replay: of the messages of 1 of 2 lines only the last is sent; put "messages": "{messages}" into a template',
        (
            "--replay: 2 of 2 lines limit the answer, the body has no place for it; "
            'put "max_tokens": "{output_length}" into a template'
        ),
    ]
    assert [text[:20] for text in warned(*given, lang="zh")] == [
        "--replay：2 行中有 1 行的 ",
        "--replay：2 行中有 2 行限定",
    ]
    assert warned("--replay", path, "--url", "http://h/v1/chat/completions") == []
    assert warned("--replay", trace(OF_LENGTHS), "--url", "http://h/v1/chat-messages")[0].startswith("--replay: 1 of 1")


def test_a_template_takes_the_messages_and_the_limit_of_a_line_where_it_names_them() -> None:
    path = trace(json.dumps({"timestamp": 0, "messages": MESSAGES, "output_length": 9}))
    Path("b.json").write_text('{"chat": "{messages}", "most": "{output_length}"}')
    arguments = asked("--replay", path, "--request-body-file", "b.json")
    assert json.loads(arguments.body.build(arguments.replayed[0].query)) == {"chat": MESSAGES, "most": 9}
    assert arguments.warnings == ()


def test_a_file_of_queries_that_is_guessed_at_is_warned_of_with_the_flag_in_front() -> None:
    Path("q.csv").write_text("name\nAda\n")
    (warning,) = warned("--param-file", "q.csv")
    assert warning.startswith("--param-file q.csv: 1 of 1 rows have none of query,")
