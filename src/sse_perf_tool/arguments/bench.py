"""What the bench command is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .. import __version__
from ..errors import UsageError
from ..flags import BENCH_FLAGS
from ..masking import Masker, mask_url
from ..providers import Query, load_queries
from ..records import RunConfig
from ..texts import Texts, printable
from .config import machine, shown_command
from .files import drop_files_of_runs, inputs, outputs
from .flag_values import FlagValues
from .output_paths import Now
from .parsed import Arguments, BenchArguments
from .studio_folder import studio_folder_of

TEXTS: Texts = {
    "compare_two": (
        "--compare: give two results, files or ids as --history shows them",
        "--compare：请给出两个结果（文件，或 --history 中的标识）",
    ),
    "one_action": ("cannot go with {other}; keep one of them", "不能与 {other} 同用，请只留一个"),
}

ACTIONS = ("list", "history", "show", "compare", "demo")


def bench_arguments(flags: FlagValues, environ: Mapping[str, str], now: Now) -> Arguments:
    """The benchmark that is asked for.  UsageError for flags that contradict each other."""
    drop_files_of_runs(flags, BENCH_FLAGS)
    studio_folder = studio_folder_of(flags, "bench")
    actions = [key for key in ACTIONS if flags[key]]
    if len(actions) > 1:
        raise flags.wrong(actions[0], "one_action", other=flags.name(actions[1]))
    action = actions[0] if actions else "run"
    if action != "compare":
        flags.refuse_rest()
    elif len(flags.rest) != 2:
        raise UsageError(flags.say("compare_two"))
    if flags["prompt"] and flags["param_file"]:
        raise flags.wrong("prompt", "one_action", other=flags.name("param_file"))
    written = outputs(flags, environ, now, inputs(flags), default_report=False)
    return Arguments(
        "bench",
        flags.language,
        config=RunConfig(
            lang=flags.language,
            command=shown_command(["bench", *flags.argv], Masker(())),
            version=__version__,
            **machine(),
            metrics_url=flags["metrics_url"] and mask_url(flags["metrics_url"].geturl()),
        ),
        metrics_url=flags["metrics_url"] and flags["metrics_url"].geturl(),
        studio_folder=studio_folder,
        bench=BenchArguments(
            config=Path(flags["config"]),
            config_named="config" in flags.given,
            results=None if flags["no_save"] else Path(flags["results"]),
            action=action,
            providers=tuple(flags["provider"] or ()),
            models=tuple(flags["model"] or ()),
            runs=flags["runs"],
            context_tiers=None if flags["context_tiers"] is None else tuple(flags["context_tiers"]),
            max_tokens=flags["max_tokens"],
            temperature=flags["temperature"],
            queries=_queries(flags),
            threads=flags["threads"],
            order=flags["order"],
            via=flags["via"],
            seed=flags["seed"],
            timeout_s=flags["timeout"],
            retries=flags["retries"],
            thresholds=tuple(flags["threshold"] or ()),
            verbose=flags["verbose"] is True,
        ),
        rest=tuple(map(printable, [flags["show"]] if action == "show" else flags.rest)),
        warnings=tuple(flags.warnings),
        **written,
    )


def _queries(flags: FlagValues) -> tuple[Query, ...] | None:
    if flags["prompt"]:
        return (Query(flags["prompt"]),)
    return tuple(flags.load_warned("param_file", load_queries)) if flags["param_file"] else None
