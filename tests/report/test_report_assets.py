"""Chart.js and its plug-ins: pinned, hashed, inlined when they are there, linked when they are not."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from report_runs import sample_run
from sse_perf_tool.report_generator import generate_html_report
from sse_perf_tool.report_parts import libraries
from sse_perf_tool.report_parts.libraries import ASSETS, FLAME_LIBRARIES, LIBRARIES, Library, inline_script

ROOT = Path(__file__).resolve().parents[2]


def sha(name: str, content: bytes) -> str:
    return base64.b64encode(hashlib.new(name, content).digest()).decode()


@pytest.mark.parametrize("library", [*LIBRARIES, *FLAME_LIBRARIES], ids=lambda library: library.package)
def test_each_library_is_the_version_that_the_lock_file_pins(library: Library) -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    assert lock["packages"][f"node_modules/{library.package}"]["version"] == library.version


def test_the_lock_file_has_a_hash_and_no_download_address_for_each_package() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    packages = [package for name, package in lock["packages"].items() if name]
    assert packages
    assert all("resolved" not in package and package["integrity"].startswith("sha512-") for package in packages)


@pytest.mark.parametrize("library", [*LIBRARIES, *FLAME_LIBRARIES], ids=lambda library: library.package)
def test_each_asset_has_the_hash_that_a_linking_page_asks_for(library: Library) -> None:
    asset = ASSETS / library.asset
    if not asset.is_file():
        pytest.skip("no assets: run python tools/build_assets.py")
    assert sha("sha384", asset.read_bytes()) == library.sha384


def page_with_assets(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lang: str = "en"
) -> tuple[str, list[str]]:
    monkeypatch.setattr(libraries, "ASSETS", folder)
    notes = generate_html_report(sample_run(20), tmp_path / "report.html", lang=lang)
    return (tmp_path / "report.html").read_text(encoding="utf-8"), notes


def test_without_assets_the_page_links_pinned_files_and_says_how_to_make_it_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, notes = page_with_assets(tmp_path / "none", tmp_path, monkeypatch)
    for library in LIBRARIES:
        address = f"https://cdn.jsdelivr.net/npm/{library.package}@{library.version}/{library.file}"
        assert f'<script src="{address}" integrity="sha384-{library.sha384}" crossorigin="anonymous">' in source
    assert len(notes) == 1
    assert "python tools/build_assets.py" in notes[0]
    assert "离线" in page_with_assets(tmp_path / "none", tmp_path, monkeypatch, lang="zh")[1][0]


def test_with_assets_the_page_holds_them_and_links_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "assets"
    folder.mkdir()
    for library in LIBRARIES:
        (folder / library.asset).write_text(f"/* {library.package} */\n//# sourceMappingURL=x.map\n", encoding="utf-8")
    source, notes = page_with_assets(folder, tmp_path, monkeypatch)
    assert notes == []
    assert "<script src" not in source
    assert "sourceMappingURL" not in source
    assert all(f"/* {library.package} */" in source for library in LIBRARIES)


def test_the_policy_of_the_page_names_the_hash_of_each_script_and_of_the_style(tmp_path: Path) -> None:
    generate_html_report(sample_run(20), tmp_path / "report.html")
    source = (tmp_path / "report.html").read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', source)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; ")
    assert "unsafe" not in policy[1]
    for element in re.findall(r"<(?:script|style)>(.*?)</(?:script|style)>", source, re.DOTALL):
        assert f"'sha256-{sha('sha256', element.encode())}'" in policy[1]


def test_what_draws_flame_graphs_stays_below_200_kb() -> None:
    sizes = [
        (ASSETS / library.asset).stat().st_size for library in FLAME_LIBRARIES if (ASSETS / library.asset).is_file()
    ]
    assert sum(sizes) < 200_000


def test_a_script_cannot_end_its_own_element() -> None:
    assert inline_script('"</script>"').html == '<script>"<\\/script>"</script>'
