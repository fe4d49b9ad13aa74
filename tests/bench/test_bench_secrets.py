"""What a benchmark knows as secret: not the keys alone."""

from __future__ import annotations

import dataclasses

import pytest

from sse_perf_tool.bench.cell import config_of
from sse_perf_tool.bench.config import BenchConfig, Model, Provider
from sse_perf_tool.bench.endpoint import TEXTS as ENDPOINT_TEXTS
from sse_perf_tool.bench.endpoint import Wish
from sse_perf_tool.bench.plan import TEXTS, Selection, plan_of
from sse_perf_tool.bench.settings import Settings
from sse_perf_tool.masking import Masker
from sse_perf_tool.texts import speaker

S = "Zq7Wx9Lm2Kp4Vt6R"


@pytest.mark.parametrize(
    "given",
    [
        {"secret": S},
        {"headers": {"X-Api-Key": S}},
        {"headers": {"Cookie": f"a={S}; b=c"}},
        {"headers": {"X-Other": f"Bearer {S}"}},
        {"api_base": f"https://me:{S}@h/v1"},
    ],
    ids=str,
)
def test_secrets_of_a_provider_are_masked_in_its_settings_and_in_what_it_says(given: dict[str, object]) -> None:
    provider = Provider("p", "P", **{"api_base": "http://h/v1", "models": (Model("m", "m"),), **given})  # type: ignore[arg-type]
    selection = Selection(wish=Wish(64))
    (cell,) = plan_of(BenchConfig((provider,)), selection, {}, speaker({**TEXTS, **ENDPOINT_TEXTS}, "en"))
    settings = Settings(masker=Masker(cell.secrets))
    assert S not in str(dataclasses.asdict(config_of(cell, settings)))
    assert S not in settings.masker(f"bad credentials {S}")
