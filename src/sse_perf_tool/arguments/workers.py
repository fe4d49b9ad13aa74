"""The flags of a run on several machines, and the arguments of the worker command."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import UsageError
from ..texts import Texts
from .flag_values import Exclusion, FlagValues
from .output_paths import Now
from .parsed import Arguments, Joining, WorkersWanted

TEXTS: Texts = {
    "no_join": (
        "worker: --join is missing; give the place of the master, e.g. --join 10.0.0.1:5557",
        "worker：缺少 --join，请给出主控的位置，例如 --join 10.0.0.1:5557",
    ),
    "no_token": (
        "worker: --cluster-token is missing; the master shows it when it starts (or set SSE_PERF_CLUSTER_TOKEN)",
        "worker：缺少 --cluster-token，请给出主控启动时显示的令牌（或设置 SSE_PERF_CLUSTER_TOKEN）",
    ),
}

EXCLUSIONS: tuple[Exclusion, ...] = (
    Exclusion("workers", "expect_workers", "not_with"),
    *(Exclusion("calibrate", key, "not_with") for key in ("workers", "expect_workers")),
    Exclusion("expect_workers", "demo", "not_with"),
    Exclusion("expect_workers", "tokenizer", "not_with"),  # the file is on this machine
)
"""As `run.EXCLUSIONS`: a calibration is that of this machine, and its demo server nobody else can reach."""

NEEDS: tuple[tuple[str, str], ...] = (("bind", "expect_workers"),)
"""Flags that need another one."""

KEYS: tuple[str, ...] = ("workers", "expect_workers", "bind", "worker_wait", "cluster_token")


def workers_of(flags: FlagValues) -> WorkersWanted | None:
    """The workers that a run asks for; None: it is sent from here."""
    local, expected = flags["workers"], flags["expect_workers"]
    if not local and not expected:
        return None
    place = flags["bind"]
    return WorkersWanted(
        number=local or expected,
        host="127.0.0.1" if local else place.host,
        port=0 if local else place.port,
        wait_s=flags["worker_wait"],
        token=flags["cluster_token"] if expected else None,
        local=bool(local),
        processes=flags.given.get("processes"),
        lang=flags.language,
    )


def worker_arguments(flags: FlagValues, _environ: Mapping[str, str], _now: Now) -> Arguments:
    """Whom a worker joins.  UsageError when that is not said."""
    flags.refuse_rest()
    if flags["join"] is None:
        raise UsageError(flags.say("no_join"))
    if flags["cluster_token"] is None:
        raise UsageError(flags.say("no_token"))
    place = flags["join"]
    joining = Joining(place.host, place.port, flags["cluster_token"], flags["worker_wait"], flags.language)
    return Arguments("worker", flags.language, joining=joining, quiet=flags["quiet"] is True)
