"""Takes the picture of the report in the README and in docs/report.md: `python tools/report_picture.py`.

It is the first screen of a run of `--demo`; the machine should have nothing else to do for half a minute.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "report.png"
WIDTH, HEIGHT = 1440, 760


def main() -> int:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        print("the picture needs Chromium", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.html"
        run = [sys.executable, str(ROOT / "sse_perfTestTool.py"), "--demo", "--threads", "60", "--duration", "24"]
        more = ["--ramp-up", "6", "--quiet", "--lang", "en", "--html-report", str(report)]
        subprocess.run([*run, *more], check=True, cwd=folder)  # noqa: S603
        look = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=4000"]
        shot = [f"--window-size={WIDTH},{HEIGHT}", f"--screenshot={PICTURE}", report.as_uri()]
        subprocess.run([chromium, *look, *shot], check=True, capture_output=True, timeout=120)  # noqa: S603
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
