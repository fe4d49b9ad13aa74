"""What the page needs to begin: the state of the studio, and the flags that a load test may have."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Literal

from fastapi import APIRouter

from ... import __version__
from ...flags import CAPACITY_HELP, HELP, group_title
from ...formats import FORMATS
from ...texts import LANGUAGES
from ..contract.state import ConfigState, FlagShown, FlagsShown, Health, State
from ..jobs.load import flags_of
from .common import Lang, Space

router = APIRouter(prefix="/api", tags=["state"])


@router.get("/health")
async def health() -> Health:
    """Says that it answers."""
    return Health(status="ok", version=__version__)


@router.get("/state")
async def state(space: Space, lang: Lang) -> State:
    """The folder, the config, what runs and what waits."""
    config, settings, running = space.config.read(lang), space.settings, space.queue.running
    return State(
        version=__version__,
        lang=space.lang,
        dir=str(settings.folder.resolve()),
        instance=space.instance,
        results_dir=str(settings.results.resolve()),
        watch=[str(path.resolve()) for path in settings.watch],
        config=ConfigState(
            path=str(space.config.path.resolve()),
            exists=config.data is not None,
            etag=config.etag,
            problem=config.problem,
        ),
        env_path=str(space.env.path.resolve()),
        first_use=config.data is None and not any(settings.results.glob("*.json*")),
        demo_available=all(find_spec(name) is not None for name in ("pydantic_settings", "structlog")),
        litellm_available=find_spec("litellm") is not None,
        running=None if running is None else space.queue.shown(running),
        queue=[space.queue.shown(job) for job in space.queue.waiting],
        formats=sorted(FORMATS),
        remote=not settings.loopback,
    )


@router.get("/flags")
def flags(lang: Lang, command: Literal["run", "capacity"] = "run") -> FlagsShown:
    """The flags that a job of this kind may have, with their help."""
    helps = {**HELP, **CAPACITY_HELP} if command == "capacity" else HELP
    return FlagsShown(
        flags=[
            FlagShown(
                key=flag.key,
                name=flag.names[0],
                group=flag.group,
                group_title=group_title(flag.group, lang),
                help=helps[flag.key][LANGUAGES.index(lang)],
                default=flag.default if isinstance(flag.default, (str, int, float)) else None,
                metavar=flag.metavar,
                repeat=flag.repeat,
                switch=flag.check is None,
            )
            for flag in flags_of(command)
        ]
    )
