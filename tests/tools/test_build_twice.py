"""A source distribution has the same bytes wherever, whenever and by whomever it is built."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import build_twice
from sdist_bytes import normalise

EPOCH = 1_700_000_000


def archive(path: Path, names: list[str], *, mtime: float, owner: str, mode: int, content: bytes = b"x") -> Path:
    """A tar.gz as any builder might make it."""
    with tarfile.open(path, "w:gz") as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.mtime, member.uname, member.uid, member.mode = mtime, owner, len(owner), mode
            if name.endswith("/"):
                member.type, member.mode = tarfile.DIRTYPE, 0o700
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return path


def test_time_owner_and_order_of_an_archive_do_not_count(tmp_path: Path) -> None:
    one = archive(tmp_path / "a.tar.gz", ["p/", "p/b", "p/a"], mtime=1.5, owner="me", mode=0o600)
    other = archive(tmp_path / "longer.tar.gz", ["p/", "p/a", "p/b"], mtime=9e8, owner="somebody", mode=0o664)
    assert build_twice.differences(one, other) == [""]
    for each in (one, other):
        normalise(each, EPOCH)
    assert one.read_bytes() == other.read_bytes()
    assert build_twice.differences(one, other) == []
    with tarfile.open(one) as tar:
        found = [(each.name, each.mtime, each.uid, each.uname, each.mode) for each in tar.getmembers()]
        assert found == [
            ("p", EPOCH, 0, "", 0o755),
            ("p/a", EPOCH, 0, "", 0o644),
            ("p/b", EPOCH, 0, "", 0o644),
        ]
        file = tar.extractfile("p/a")
        assert file is not None
        assert file.read() == b"x"
    with gzip.open(one) as unpacked:
        unpacked.read(1)
        assert unpacked.mtime == EPOCH


def test_what_can_be_run_stays_so_and_content_does_count(tmp_path: Path) -> None:
    one = archive(tmp_path / "a.tar.gz", ["p/run"], mtime=1, owner="me", mode=0o700)
    other = archive(tmp_path / "b.tar.gz", ["p/run"], mtime=1, owner="me", mode=0o700, content=b"y")
    for each in (one, other):
        normalise(each, EPOCH)
    with tarfile.open(one) as tar:
        assert tar.getmember("p/run").mode == 0o755
    assert build_twice.differences(one, other) == ["p/run"]


PROJECT = '[project]\nname = "p"\nversion = "1"\n[tool.setuptools]\npackages = ["p"]\n'


def test_the_setup_of_this_project_makes_such_sdists(tmp_path: Path) -> None:
    built = []
    for folder in (tmp_path / "one", tmp_path / "another-folder"):
        (folder / "p").mkdir(parents=True)
        (folder / "tools").mkdir()
        (folder / "pyproject.toml").write_text(PROJECT)
        (folder / "p" / "__init__.py").touch()
        for name in ("setup.py", "tools/sdist_bytes.py"):
            shutil.copy(build_twice.ROOT / name, folder / name)
        command = [sys.executable, "setup.py", "-q", "sdist", "--dist-dir", str(folder / "out")]
        env = {**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH), "SSE_PERF_NO_COMPILE": "1"}
        subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True)
        built.append(next((folder / "out").glob("*.tar.gz")))
        os.utime(folder / "setup.py", (1, 1))
    assert built[0].read_bytes() == built[1].read_bytes()
    with tarfile.open(built[0]) as tar:
        assert {member.mtime for member in tar.getmembers()} == {EPOCH}
