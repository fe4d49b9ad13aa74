"""The site of docs/ is built without a warning, in both languages, and loads nothing from another host."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from markdown_pages import DOCS, ROOT

pytest.importorskip("mkdocs", reason='the site is not built: pip install ".[docs]" is missing')
pytest.importorskip("material", reason='the site is not built: pip install ".[docs]" is missing')
pytest.importorskip("jieba", reason='the site is not built: pip install ".[docs]" is missing')

from docs_site import SCRIPTS

if not all((ROOT / "node_modules" / module).is_file() for module in SCRIPTS.values()):
    pytest.skip("the site is not built: `make dev-assets` has not fetched its scripts", allow_module_level=True)

PAGES = sorted(page.stem for page in DOCS.glob("*.md") if not page.stem.endswith("_zh"))
SHAPE = ("li", "ul", "ol", "table", "tr", "td", "th", "pre", "h1", "h2", "h3", "em", "strong", "img", "blockquote")
"""Elements that GitHub and the site have to agree on; they read Markdown in two ways."""
LOADING = {"script": "src", "img": "src", "iframe": "src", "link": "href"}
LINKS_THAT_LOAD = {"stylesheet", "icon", "preload", "preconnect", "dns-prefetch"}


class Loaded(HTMLParser):
    """Collects what a browser fetches to show a page, and the addresses in the choice of a language."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: set[str] = set()
        self.languages: dict[str, str] = {}
        self.elements: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        values = dict(attrs)
        address = values.get(LOADING.get(tag, ""))
        if address and (tag != "link" or values.get("rel") in LINKS_THAT_LOAD):
            self.fetched.add(address)
        if tag == "a" and values.get("hreflang"):
            self.languages[str(values["hreflang"])] = str(values["href"])


def parsed(html: str) -> Loaded:
    parser = Loaded()
    parser.feed(html)
    return parser


def loaded_by(page: Path) -> Loaded:
    return parsed(page.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site, as `make docs` builds it: strictly."""
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    for name, place in (("mkdocs.yml", folder), ("mkdocs_zh.yml", folder / "zh")):
        command = [*build, "--config-file", str(ROOT / name), "--site-dir", str(place)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_page_stands_in_both_sites_under_one_name(site: Path) -> None:
    for folder, language in ((site, "en"), (site / "zh", "zh")):
        missing = [name for name in PAGES if not (folder / f"{name}.html").is_file()]
        assert missing == []
        assert list(folder.glob("*_zh.html")) == []
        assert f'<html lang="{language}"' in (folder / "flags.html").read_text(encoding="utf-8")


def test_every_page_stands_in_the_menu(site: Path) -> None:
    menu = (site / "index.html").read_text(encoding="utf-8")
    assert [name for name in PAGES if f'href="{name}.html"' not in menu and name != "index"] == []


@pytest.mark.not_measured
def test_a_page_has_the_lists_and_tables_that_it_has_on_github(site: Path) -> None:
    """Its source as CommonMark with tables, which GitHub shows, has as many of each element as the page of the site."""
    commonmark = MarkdownIt("commonmark").enable("table")
    for page in DOCS.glob("*.md"):
        there = site / "zh" if page.stem.endswith("_zh") else site
        html = (there / f"{page.stem.removesuffix('_zh')}.html").read_text(encoding="utf-8")
        article = parsed(html[html.index("<article") : html.index("</article>")]).elements
        source = parsed(commonmark.render(page.read_text(encoding="utf-8"))).elements
        assert [(page.name, tag) for tag in SHAPE if source[tag] != article[tag]] == []


@pytest.mark.not_measured
def test_nothing_comes_from_another_host(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) >= 2 * len(PAGES)
    foreign = {(page.name, each) for page in pages for each in loaded_by(page).fetched if re.match(r"\w+:|//", each)}
    assert foreign == set()


def test_the_choice_of_a_language_leads_to_the_same_page(site: Path) -> None:
    assert loaded_by(site / "flags.html").languages == {"en": "flags.html", "zh": "zh/flags.html"}
    assert loaded_by(site / "zh" / "flags.html").languages == {"en": "../flags.html", "zh": "flags.html"}


def test_a_link_is_not_called_by_the_name_of_a_file(site: Path) -> None:
    for page in (site / "files.html", site / "zh" / "files.html"):
        text = page.read_text(encoding="utf-8")
        assert '<a href="metrics.html">metrics</a>' in text
        assert ".md</a>" not in text


def test_a_flag_in_a_sentence_is_not_broken_after_its_dashes(site: Path) -> None:
    for page in (site / "flags.html", site / "zh" / "flags.html"):
        text = page.read_text(encoding="utf-8")
        assert '<code class="flag">--config</code>' in text
        assert "<code>--config</code>" not in text
    assert '、<wbr><code class="flag">--baseline</code>、' in (site / "zh" / "ci.html").read_text(encoding="utf-8")
    assert ".md-typeset code.flag" in (site / "site.css").read_text(encoding="utf-8")


def test_the_search_knows_the_words_of_chinese_sentences_and_works_from_a_file(site: Path) -> None:
    index = json.loads((site / "zh" / "search" / "search_index.json").read_text(encoding="utf-8"))
    (entry,) = (each for each in index["docs"] if each["location"] == "formats.html")
    assert "\u200b数据流\u200b" in entry["text"]
    assert (site / "zh" / "search" / "search_index.js").is_file()


@pytest.mark.not_measured
def test_the_lines_of_a_chinese_paragraph_are_joined_without_a_space(site: Path) -> None:
    for page in (site / "zh").glob("*.html"):
        text = re.sub(r"<pre.*?</pre>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert re.findall(r"[\u4e00-\u9fff，。；：]\n *[\u4e00-\u9fff]", text) == [], page.name
