"""What the studio was asked for."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_PORT = 8501


SOURCE = Path(__file__).resolve().parents[2]
"""Where Python finds this package.  Children start here: in a folder of the user's Python would import their files."""


def child_environ() -> dict[str, str]:
    """The environment of this process, in which a child finds this package also when it is not installed."""
    paths = [str(SOURCE), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the studio works, where it listens, and how its worker is started."""

    folder: Path = Path()
    """Holds `config.yaml`, `.env`, `results/` and `.studio/`."""
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    """0: one that is free."""
    allow_hosts: tuple[str, ...] = ()
    """Further names under which it may be asked for, with or without a port."""
    watch: tuple[Path, ...] = ()
    """Folders with records and summaries of other runs."""
    lang: str = "en"
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    worker: tuple[str, ...] = ()
    """The command that starts a worker."""
    tool: tuple[str, ...] = ()
    """The command line of this tool."""

    @property
    def loopback(self) -> bool:
        """Whether only programs of this machine reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def config_path(self) -> Path:
        """The providers and models, as `bench` reads them."""
        return self.folder / "config.yaml"

    @property
    def env_path(self) -> Path:
        """The keys, as `bench` reads them."""
        return self.folder / ".env"

    @property
    def results(self) -> Path:
        """Where results are written."""
        return self.folder / "results"

    @property
    def own(self) -> Path:
        """What the studio keeps for itself."""
        return self.folder / ".studio"
