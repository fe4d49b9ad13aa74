"""Hooks of mkdocs.yml and mkdocs_zh.yml: a site of one language out of pages that also read well on GitHub.

* `NAME_zh.md` is the Chinese of `NAME.md`.  The site of a language holds the pages of that language, under the same
  addresses.
* What a page links beside docs/ becomes a part of the site.
* Two scripts that Material would load from another host are copied from node_modules (`make dev-assets`).
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

sys.path.insert(0, str(Path(__file__).parent))  # MkDocs reads this file by itself

from markdown_pages import DOCS, ROOT, in_chinese

SECTIONS = {
    "Start here": "从这里开始",
    "Tutorials": "教程",
    "How-to": "操作指南",
    "Reference": "参考",
    "Explanation": "原理",
}
"""What the menu says in Chinese."""
SCRIPTS = {
    "iframe-worker.js": "iframe-worker/shim/index.js",  # the search in a page that was opened as a file
    "mermaid.js": "@mermaid-js/tiny/dist/mermaid.tiny.js",
}
"""Name in the site -> file in node_modules."""
OTHER_LANGUAGE = re.compile(r"\A(# .*\n\n)\[(?:中文|English)\]\(\S+\)\n")
_LINK = re.compile(r"(\]\()([^)\s#]+)(#[^)\s]*)?(?=\))")
_WIDE = "\u3000-\u303f\u4e00-\u9fff\uff00-\uffef\u2014\u2018-\u201d\u2026"
_CHINESE_LINES = re.compile(rf"(?<=[{_WIDE}])\n *(?=[{_WIDE}])|(?<=[，。；：、（！？])\n *(?=[`\[A-Za-z])")
_FILE_NAME = re.compile(r"\[([a-z-]+)(?:_zh)?\.md\](?=\()")
_FLAG = re.compile(r"([、，。：；）\u4e00-\u9fff])?<code>(?=--?[a-zA-Z][\w-]*</code>)")
_FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)

log = logging.getLogger("mkdocs.hooks.docs_site")


def is_chinese(config: MkDocsConfig) -> bool:
    return config.theme["language"] == "zh"


def in_language(uri: str, *, chinese: bool) -> str:
    """The page of docs/ that stands for an English or a Chinese one in the site of a language."""
    english = DOCS / uri.replace("_zh.md", ".md")
    return (in_chinese(english)[0] if chinese else english).relative_to(DOCS).as_posix()


def links_in(page: Path) -> Iterator[Path]:
    """The files of the repository that a page links, outside its code, but for itself in the other language."""
    text = OTHER_LANGUAGE.sub(r"\1", page.read_text(encoding="utf-8"), count=1)
    for part in _FENCED.split(text)[::2]:
        for _, path, _ in _LINK.findall(part):
            target = (page.parent / path).resolve()
            if "://" not in path and target.is_file() and target.is_relative_to(ROOT):
                yield target


def linked_outside(pages: list[Path], *, chinese: bool) -> list[Path]:
    """The files outside docs/ that these pages link, and those link, and so on, in a language where they have one."""
    found: list[Path] = []
    waiting = list(pages)
    while waiting:
        for linked in links_in(waiting.pop()):
            target = in_chinese(linked)[0] if chinese and linked.suffix == ".md" else linked
            if not target.is_relative_to(DOCS) and target != ROOT / "README.md" and target not in found:
                found.append(target)
                if target.suffix == ".md":
                    waiting.append(target)
    return found


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    chinese = is_chinese(config)
    config.nav = translated_menu(config.nav, chinese=chinese)
    config.extra["polyfills"] = ["assets/iframe-worker.js"]  # in the place of the one that is loaded from unpkg.com
    config.extra["alternate"] = [
        {"name": "English", "link": "../index.html" if chinese else "index.html", "lang": "en"},
        {"name": "中文", "link": "index.html" if chinese else "zh/index.html", "lang": "zh"},
    ]
    return config


def translated_menu(menu: Any, *, chinese: bool) -> Any:
    """The menu with the sections and the pages of a language."""
    if isinstance(menu, str):
        return in_language(menu, chinese=chinese)
    if isinstance(menu, dict):
        return {
            SECTIONS[title] if chinese else title: translated_menu(inner, chinese=chinese)
            for title, inner in menu.items()
        }
    return [translated_menu(each, chinese=chinese) for each in menu]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    chinese = is_chinese(config)
    for file in list(files.documentation_pages()):
        if file.src_uri != in_language(file.src_uri, chinese=chinese):
            files.remove(file)
        elif file.src_uri.endswith("_zh.md"):
            file.name = file.name.removesuffix("_zh")
            file.dest_uri = file.dest_uri.replace("_zh.html", ".html")
    pages = [Path(file.abs_src_path) for file in files.documentation_pages() if file.abs_src_path]
    for path in linked_outside(pages, chinese=chinese):
        files.append(File(path.relative_to(ROOT).as_posix(), str(ROOT), config.site_dir, config.use_directory_urls))
    for name, module in SCRIPTS.items():
        script = ROOT / "node_modules" / module
        if not script.is_file():
            log.warning("no %s: `make dev-assets` fetches it", script)
            continue
        files.append(File.generated(config, f"assets/{name}", abs_src_path=str(script)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The page with links of the site, and without its line about the other language, which the site has at its top."""
    del files
    source = Path(str(page.file.abs_src_path))
    parts = _FENCED.split(OTHER_LANGUAGE.sub(r"\1", markdown, count=1))
    if is_chinese(config):
        parts[::2] = [_CHINESE_LINES.sub("", part) for part in parts[::2]]  # browsers show a line end as a space
    parts[::2] = [_FILE_NAME.sub(r"[\1]", part) for part in parts[::2]]  # what is a file on GitHub is a page here
    parts[::2] = [_LINK.sub(lambda link: in_site(link, source, page, config), part) for part in parts[::2]]
    return "".join(parts)


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The page with its flags marked: a line would end after the dashes of one, and not before it without a space."""
    del page, config, files
    return _FLAG.sub(lambda flag: f'{flag[1]}<wbr><code class="flag">' if flag[1] else '<code class="flag">', html)


def in_site(link: re.Match[str], source: Path, page: Page, config: MkDocsConfig) -> str:
    """A link of a page at `source`, as it is in the site, whose root is docs/."""
    before, path, hash_and_anchor = link.groups(default="")
    target, anchor = (source.parent / path).resolve(), hash_and_anchor[1:]
    if "://" in path or path.startswith("mailto:") or not target.exists():
        return link[0]
    if target == ROOT / "README.md":
        target = DOCS / "index.md"
    if is_chinese(config) and target.suffix == ".md":
        target, anchor = in_chinese(target, anchor)
    uri = target.relative_to(DOCS if target.is_relative_to(DOCS) else ROOT).as_posix()
    address = os.path.relpath(uri, Path(page.file.src_uri).parent).replace(os.sep, "/")
    return f"{before}{address}#{anchor}" if anchor else before + address


def on_page_context(context: dict[str, Any], page: Page, config: MkDocsConfig, nav: Navigation) -> dict[str, Any]:
    """The choice of a language leads to the same page."""
    del nav
    english, chinese = config.extra["alternate"]
    up = "../" if is_chinese(config) else ""
    english["link"] = f"{up}{page.file.dest_uri}"
    chinese["link"] = page.file.dest_uri if up else f"zh/{page.file.dest_uri}"
    return context


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """The script for pictures in the pages that have one: it is large."""
    del config
    if 'class="mermaid"' not in output:
        return output
    up = "../" * page.file.dest_uri.count("/")
    return output.replace("</head>", f'<script src="{up}assets/mermaid.js"></script></head>', 1)
