"""Makes the bytes of a source distribution depend on what is in it alone; `setup.py` calls it for each sdist.

setuptools dates the archive, and what it makes for it, with the time of the build, and puts in who built it.  Where
`SOURCE_DATE_EPOCH` is set, all files get that date, owner 0 and plain permissions, in the order of their names.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path


def normalise(archive: Path, epoch: int) -> None:
    """Writes a `.tar.gz` anew; `epoch` is its date, in seconds since 1970."""
    packed = io.BytesIO()
    with tarfile.open(archive) as before, tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as after:
        for member in sorted(before.getmembers(), key=lambda each: each.name):
            after.addfile(_plain(member, epoch), before.extractfile(member) if member.isfile() else None)
    with archive.open("wb") as file, gzip.GzipFile("", "wb", 9, file, epoch) as out:
        out.write(packed.getvalue())


def _plain(member: tarfile.TarInfo, epoch: int) -> tarfile.TarInfo:
    found = tarfile.TarInfo(member.name)
    found.type, found.linkname, found.size, found.mtime = member.type, member.linkname, member.size, epoch
    found.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return found
