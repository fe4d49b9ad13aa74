"""The API keys of a benchmark: from the environment, then from a `.env` file beside `config.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..errors import UsageError
from ..providers import bare_key, read_text
from ..texts import Texts, speaker
from .config import Provider

TEXTS: Texts = {
    "missing_package": (
        '{path}: is read with python-dotenv; install it: pip install "sse-perf-tool[bench]"',
        '{path}：用 python-dotenv 读取，请安装：pip install "sse-perf-tool[bench]"',
    ),
}


def environment_of(config_path: str | Path | None, environ: Mapping[str, str], language: str = "en") -> dict[str, str]:
    """The environment, with what a `.env` in the folder of the config adds; what is set already goes before it.

    UsageError when there is such a file and it cannot be read.  Nothing of it goes into the environment of the process.
    """
    path = (Path(config_path).parent if config_path else Path()) / ".env"
    if not path.is_file():
        return dict(environ)
    try:
        from dotenv import dotenv_values
    except ModuleNotFoundError:
        raise UsageError(speaker(TEXTS, language)("missing_package", path=path)) from None
    import io

    found = dotenv_values(stream=io.StringIO(read_text(path, language)), interpolate=False)
    return {name: value for name, value in found.items() if value is not None} | dict(environ)


def key_of(provider: Provider, names: tuple[str, ...], environ: Mapping[str, str]) -> str | None:
    """The key of a provider: what stands in the config, else the first of these variables that is set; None without."""
    found = provider.secret or next(filter(None, (environ.get(name, "").strip() for name in names)), None)
    return bare_key(found) if found else None
