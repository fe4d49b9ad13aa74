"""Takes the pictures of docs/studio.md: `python tools/studio_pictures.py`; `--all FOLDER` takes one of every state.

They show the pages before the made-up server of the tests, so that they can be made again without any provider.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests" / "helpers"), str(ROOT)]

from tools.build_assets import node_command  # noqa: E402

from page_scenes import API, ATTACK, POLICY, SCENES  # noqa: E402  the path comes first
from sse_perf_tool.report_parts.libraries import ASSETS  # noqa: E402

PICTURES = {"run": "studio-run", "job_load": "studio-load"}
MOST_BYTES = 150_000


def main() -> None:
    """Takes the pictures, and says how large each is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", metavar="FOLDER", type=Path, help="one of every state, in FOLDER")
    parser.add_argument("--phone", action="store_true")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--zh", action="store_true")
    asked = parser.parse_args()
    size = {"width": 390, "height": 844} if asked.phone else {"width": 1280, "height": 800}
    names = SCENES if asked.all else PICTURES
    look = {**size, "dark": asked.dark, "zh": asked.zh, "axe": False, "whole": bool(asked.all)}
    with tempfile.TemporaryDirectory() as folder:
        take([{**SCENES[name], **look, "name": name} for name in names], asked.all or Path(folder))
        if not asked.all:
            publish(Path(folder))


def take(scenes: list[dict[str, object]], folder: Path) -> None:
    """Takes a picture of each scene; what is an attack in a test is a plain name here."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    node = node_command()
    if chromium is None or node is None:
        sys.exit("pictures need Chromium and Node.js")
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "scenes.json"
        text = json.dumps({"scenes": scenes, "api": API, "policy": POLICY}, ensure_ascii=False)
        path.write_text(text.replace(ATTACK, "Lab"), encoding="utf-8")
        visit = str(ROOT / "tests" / "studio" / "visit_pages.mjs")
        pages = str(ROOT / "src" / "sse_perf_tool" / "studio" / "pages")
        command = [*node, visit, str(path), pages, str(ASSETS), chromium, str(folder)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603


def publish(folder: Path) -> None:
    """Puts the pictures beside the documents."""
    for name, file in PICTURES.items():
        picture = folder / f"{name}.png"
        into = ROOT / "docs" / "images" / f"{file}.png"
        shutil.copyfile(picture, into)
        size = into.stat().st_size
        print(f"{into.relative_to(ROOT)}: {size} bytes{'' if size <= MOST_BYTES else ', too large'}")


if __name__ == "__main__":
    main()
