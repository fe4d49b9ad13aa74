"""Builds sdist and wheel twice, in two folders and at two times, and compares the bytes: `tools/build_twice.py [OUT]`.

Whoever has the source can so find out that a wheel was made of it.  The sdist and the wheel without the compiled part
must be the same.  That with it needs the same compiler, and tells where it was built where Python's own flags ask for
debugging information: whether it is the same is said, and is no failure.  `SOURCE_DATE_EPOCH` is the time of the last
commit, unless it is set.  With OUT the files of the first build go there.  Needs the package `build`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ASSETS = "src/sse_perf_tool/assets"
"""What is in the wheel, but not in git."""


def epoch() -> str:
    """The seconds since 1970 that the files in it are dated with."""
    if found := os.environ.get("SOURCE_DATE_EPOCH"):
        return found
    git = ["git", "log", "-1", "--format=%ct"]
    return subprocess.run(git, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603


def files() -> list[str]:
    """What git knows of, or would, and the scripts that `make assets` has fetched."""
    git = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    known = subprocess.run(git, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()  # noqa: S603
    fetched = [path.relative_to(ROOT).as_posix() for path in (ROOT / ASSETS).iterdir() if path.is_file()]
    return [name for name in dict.fromkeys([*known, *fetched]) if (ROOT / name).is_file()]


def copied(source: Path) -> Path:
    """The source as it is at this moment: somebody may work on it while it is built."""
    for name in files():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    return source


def built(folder: Path, source: Path, *, compiled: bool) -> Mapping[str, Path]:
    """ "sdist" and "wheel" of a copy of the source in this folder."""
    tree, out = folder / "tree", folder / "out"
    shutil.copytree(source, tree, copy_function=shutil.copy)
    env = {**os.environ, "SOURCE_DATE_EPOCH": epoch(), **({} if compiled else {"SSE_PERF_NO_COMPILE": "1"})}
    command = [sys.executable, "-m", "build", "--outdir", str(out), str(tree)]
    done = subprocess.run(command, env=env, check=False, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"build_twice: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return {"sdist": next(out.glob("*.tar.gz")), "wheel": next(out.glob("*.whl"))}


def differences(one: Path, other: Path) -> list[str]:
    """The names of what differs in two wheels or sdists; "" when only their frame does."""
    if one.read_bytes() == other.read_bytes():
        return []
    first, second = _held(one), _held(other)
    return [name for name in sorted({*first, *second}) if first.get(name) != second.get(name)] or [""]


def _held(archive: Path) -> Mapping[str, bytes]:
    """Name -> content of each file."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist()}
    with tarfile.open(archive) as sdist:
        files = {member.name: sdist.extractfile(member) for member in sdist.getmembers()}
        return {name: b"" if file is None else file.read() for name, file in files.items()}


def main(argv: list[str]) -> int:
    """0 when both sdists, and both wheels without the compiled part, are the same."""
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name, "one"), Path(name, "another-folder-with-a-longer-name")]
        source = copied(Path(name, "source"))
        pure = [built(folder, source, compiled=False) for folder in folders]
        differ = {kind: differences(pure[0][kind], pure[1][kind]) for kind in ("wheel", "sdist")}
        for kind, names in differ.items():
            print(f"{pure[0][kind].name}: {_said(names)}, sha256 {_sha256(pure[0][kind])}")
        compiled = [built(folder / "compiled", source, compiled=True)["wheel"] for folder in folders]
        print(f"{compiled[0].name}: {_said(differences(*compiled))}")
        if argv:
            Path(argv[0]).mkdir(parents=True, exist_ok=True)
            for path in (*pure[0].values(), compiled[0]):
                shutil.copy(path, argv[0])
    return 1 if any(differ.values()) else 0


def _said(differ: list[str]) -> str:
    return f"DIFFERS in {', '.join(filter(None, differ)) or 'its frame'}" if differ else "the same bytes"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
