"""The files of the studio's pages: their words, and what they must not contain."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path

import pytest

import sse_perf_tool
from sse_perf_tool.goals.thresholds import TEXTS, parse_rule
from sse_perf_tool.records import Host
from sse_perf_tool.report_parts.page import host_text
from sse_perf_tool.texts import LANGUAGES, speaker

PACKAGE = Path(sse_perf_tool.__file__).parent
PAGES = PACKAGE / "studio" / "pages"
SCRIPTS = {path.relative_to(PAGES).as_posix(): path.read_text(encoding="utf-8") for path in sorted(PAGES.rglob("*.js"))}
CODE = "\n".join(SCRIPTS.values())
WORDS: dict[str, list[str]] = json.loads((PAGES / "words.json").read_text(encoding="utf-8"))
KEY = r"[a-z_]+(?:\.[a-z_0-9]+)*"


def values_of(text: str) -> set[str]:
    """The names of the values in a text; a plural needs none in Chinese, which says a number once or not at all."""
    return set(re.findall(r"\{(\w+)\}", text))


def families() -> set[str]:
    """The beginnings of keys whose ends are known only when the page runs: `state.` in `named("state.", state)`."""
    templates = set(re.findall(r"`([a-z_]+\.[a-z_]*)\$\{", CODE))
    return templates | set(re.findall(r'named\("([a-z_.]+)"', CODE))


def test_every_text_is_there_in_both_languages() -> None:
    assert len(WORDS) > 400
    missing = [key for key, texts in WORDS.items() if len(texts) != 2 or not all(texts)]
    assert missing == ["unit.none"]  # what counts things has no unit


def test_no_text_is_written_down_twice() -> None:
    lines = (PAGES / "words.json").read_text(encoding="utf-8").splitlines()
    keys = [line.split('"')[1] for line in lines if line[:1] == '"']
    assert sorted(keys) == sorted(WORDS)


def test_both_languages_name_the_same_values() -> None:
    plural = {key for key, (english, _) in WORDS.items() if re.search(r"\{\w+:", english)}
    unlike = {key for key, texts in WORDS.items() if values_of(texts[0]) != values_of(texts[1])}
    assert unlike - plural == set()


def test_chinese_is_chinese() -> None:
    same = [english for english, chinese in WORDS.values() if english == chinese]
    assert [text for text in same if not re.fullmatch(r"[A-Z0-9]* ?(ms|tokens/s|P[0-9]+)?", text)] == []


def test_the_rules_that_are_offered_can_be_parsed() -> None:
    offered = re.findall(r'\["([^"]*[<>][^"]*)", ', SCRIPTS["views/load.js"] + SCRIPTS["views/capacity.js"])
    assert len(offered) > 5
    for rule in offered:
        parse_rule(rule, speaker(TEXTS, "en"))


def test_no_text_is_unused() -> None:
    literals = set(re.findall(f'"({KEY})"', CODE))
    assert [key for key in WORDS if key not in literals and not key.startswith(tuple(families()))] == []


def test_every_text_that_is_asked_for_is_there() -> None:
    asked = set(re.findall(rf'\bsay\("({KEY})"', CODE))
    for choice in re.findall(r"\bsay\(([^()`]*\?[^()`]*)[,)]", CODE):
        asked |= set(re.findall(rf'[?:] "({KEY})"', choice))
    assert len(asked) > 300
    assert sorted(asked - set(WORDS)) == []


@pytest.mark.parametrize(
    "names",
    [
        (
            "outcome.",
            [
                "ok",
                "cancelled",
                "connect_error",
                "tls_error",
                "timeout",
                "idle_timeout",
                "http_error",
                "in_stream_error",
                "truncated",
                "empty",
                "malformed",
                "not_a_stream",
            ],
        ),
        (
            "state.",
            [
                "queued",
                "running",
                "cancelling",
                "done",
                "cancelled",
                "failed",
                "interrupted",
                "unreadable",
                "waiting",
                "skipped",
            ],
        ),
        ("key.", ["set", "env", "missing", "literal", "not_needed"]),
        ("kind.", ["bench", "run", "capacity"]),
    ],
)
def test_every_name_that_the_server_may_send_has_a_word(names: tuple[str, list[str]]) -> None:
    prefix, ends = names
    assert [end for end in ends if prefix + end not in WORDS] == []


@pytest.mark.parametrize(
    "way",
    [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "DOMParser",
        "eval(",
        "new Function",
        "srcdoc",
        "createContextualFragment",
        "setHTML",
    ],
)
def test_no_text_can_become_markup(way: str) -> None:
    assert [name for name, text in SCRIPTS.items() if way in text] == []


def test_nothing_of_the_page_comes_from_another_host() -> None:
    offered = (
        "setup/provider_form.js"  # addresses of services that a user may choose: the server asks them, not the page
    )
    assert {
        address
        for name, text in SCRIPTS.items()
        if name != offered
        for address in re.findall(r"https?://[^\s\"]+", text)
    } == {
        "http://www.w3.org/2000/svg",
        "http://localhost:8000",
    }
    assert re.findall(r"\bfetch\(", CODE) == ["fetch("] * 2  # the words, and `ask`, which is given paths
    page = (PAGES / "index.html").read_text(encoding="utf-8")
    named = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert [address for address in named if not address.startswith(("/", "#"))] == []
    assert "url(" not in (PAGES / "studio.css").read_text(encoding="utf-8")


def test_the_page_has_no_script_or_style_of_its_own_inside() -> None:
    page = (PAGES / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<script[^>]*>[^<]|<style|\son\w+=|\sstyle=", page) == []
    assert 'setAttribute("style"' not in CODE


def test_every_file_that_is_named_is_there() -> None:
    for name, text in SCRIPTS.items():
        folder = (PAGES / name).parent
        for address in re.findall(r'(?:from|import\()\s*"(\.[^"]+)"', text):
            assert (folder / address).is_file(), f"{name}: {address}"
    page = (PAGES / "index.html").read_text(encoding="utf-8")
    for address in re.findall(r'"/static/([^"]+)"', page + CODE):
        path = PACKAGE / "assets" / address.removeprefix("lib/") if address.startswith("lib/") else PAGES / address
        path = PACKAGE / "templates" / address if address == "palette.css" else path
        assert path.is_file() or address.startswith("lib/"), address


def test_names_that_are_imported_are_used() -> None:
    for name, text in SCRIPTS.items():
        for line in re.findall(r"^import \{[^}]*\} from .*$", text, re.MULTILINE):
            rest = text.replace(line, "")
            for each in line[line.index("{") + 1 : line.index("}")].split(","):
                assert re.search(rf"\b{each.strip()}\b", rest), f"{name}: {each}"


def test_each_colour_that_is_used_is_one_of_the_palette_or_its_own() -> None:
    palette, report = (templates_file(name) for name in ("palette.css", "report.css"))
    scripts = "".join(path.read_text(encoding="utf-8") for path in (PACKAGE / "templates").glob("*.js")) + CODE
    by_scripts = set(re.findall(r'"(--[\w-]+)"[,:]', scripts))
    for style in (report, (PAGES / "studio.css").read_text(encoding="utf-8")):
        used = set(re.findall(r"var\((--[\w-]+)", style))
        set_here = set(re.findall(r"(--[\w-]+):", style)) | by_scripts
        assert len(used) > 8
        assert used <= set(re.findall(r"(--[\w-]+):", palette)) | set_here


MACHINES = """
const [pages, language, machines] = JSON.parse(process.argv[1]);
globalThis.document = { documentElement: {} };
const words = (await import(`${pages}/words.json`, { with: { type: "json" } })).default;
globalThis.fetch = async () => ({ json: async () => words });
const { loadWords, setLanguage } = await import(`${pages}/parts/words.js`);
const { machine } = await import(`${pages}/parts/format.js`);
await loadWords();
setLanguage(language);
console.log(JSON.stringify(machines.map(machine)));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
@pytest.mark.parametrize("column", [0, 1])
def test_the_machine_is_told_as_in_the_report(column: int) -> None:
    hosts = [Host("Linux 6.1", "3.12.3", 8, reader) for reader in ("compiled", "python", "")]
    rows = [{"host": asdict(host), "host_info": "-"} for host in hosts] + [{"host": None, "host_info": "a line"}, {}]
    asked = json.dumps([PAGES.as_uri(), LANGUAGES[column], rows])
    told = subprocess.run(
        ["node", "--input-type=module", "-e", MACHINES, asked], capture_output=True, text=True, check=True, timeout=60
    )
    assert json.loads(told.stdout) == [*(host_text(host, "")[column] for host in hosts), "a line", ""]


def templates_file(name: str) -> str:
    return (PACKAGE / "templates" / name).read_text(encoding="utf-8")
