"""Which cells are measured, which are left out, and in which order their requests are sent."""

from __future__ import annotations

from collections import Counter

import pytest

from sse_perf_tool.bench.config import BenchConfig, Model, Provider
from sse_perf_tool.bench.endpoint import TEXTS as ENDPOINT_TEXTS
from sse_perf_tool.bench.endpoint import Wish
from sse_perf_tool.bench.order import lanes_of, turns_of
from sse_perf_tool.bench.plan import TEXTS, Cell, Selection, plan_of
from sse_perf_tool.errors import UsageError
from sse_perf_tool.texts import speaker

SAY = speaker({**TEXTS, **ENDPOINT_TEXTS}, "en")


def provider(key: str, *models: Model, base: str = "http://localhost:8000/v1", **more: object) -> Provider:
    return Provider(key, key.title(), base, models=models, **more)  # type: ignore[arg-type]


def model(name: str, window: int = 128_000) -> Model:
    return Model(name, name.upper(), window)


CONFIG = BenchConfig(
    (
        provider("one", model("a"), model("b", 5000)),
        provider("two", model("a"), base="http://localhost:9000/v1"),
    )
)


def planned(config: BenchConfig = CONFIG, environ: dict[str, str] | None = None, **selection: object) -> list[Cell]:
    return plan_of(config, Selection(**selection), environ or {}, SAY)  # type: ignore[arg-type]


def test_a_cell_is_a_model_of_a_provider_with_a_tier() -> None:
    names = [cell.name for cell in planned(tiers=(0, 1000))]
    assert names == [
        ("one", "a", 0),
        ("one", "b", 0),
        ("one", "a", 1000),
        ("one", "b", 1000),
        ("two", "a", 0),
        ("two", "a", 1000),
    ]


@pytest.mark.parametrize(("tier", "fits"), [(4388, True), (4389, False)])
def test_a_tier_fits_up_to_the_window_less_the_answer_and_100(tier: int, fits: bool) -> None:
    cell = planned(tiers=(tier,), models=("b",), wish=Wish(512))[0]
    assert (cell.skipped is None) is fits
    if not fits:
        assert cell.skipped == "4389 tokens of context do not fit: 5000 in all, 512 for the answer, 100 spare"


def test_tier_0_is_measured_however_small_the_window() -> None:
    assert planned(BenchConfig((provider("p", model("m", 10)),)), tiers=(0,))[0].skipped is None


def test_filters_are_parts_of_keys_and_names_in_any_case() -> None:
    assert [cell.name for cell in planned(providers=("TWO",))] == [("two", "a", 0)]
    assert [cell.name for cell in planned(models=("B",))] == [("one", "b", 0)]
    assert len(planned(providers=("one", "two"))) == 3


def test_a_filter_that_matches_nothing_names_what_there_is() -> None:
    with pytest.raises(UsageError) as caught:
        planned(providers=("three",))
    assert str(caught.value) == "--provider three: nothing is called so; there are: one, two"
    with pytest.raises(UsageError) as caught:
        planned(models=("z",))
    assert str(caught.value) == "--model z: nothing is called so; there are: a, b"


def test_a_cell_without_a_key_says_which_variable_to_set() -> None:
    config = BenchConfig((Provider("o", "OpenAI", models=(model("gpt-4o"),)),))
    assert planned(config)[0].skipped == "no key: set OPENAI_API_KEY, or write it into .env"
    cell = planned(config, {"OPENAI_API_KEY": "sk-secret-1"})[0]
    assert (cell.skipped, cell.key) == (None, "sk-secret-1")
    assert "sk-secret" not in repr(cell)


def test_a_server_of_ones_own_wants_no_key() -> None:
    assert planned()[0].skipped is None


def test_providers_go_side_by_side_and_the_cells_of_one_in_turn() -> None:
    lanes = lanes_of(planned(tiers=(0, 1000)), "lanes")
    assert [(lane.name, lane.groups) for lane in lanes] == [
        ("One", ((0,), (1,), (2,), (3,))),
        ("Two", ((4,), (5,))),
    ]


def test_two_providers_at_one_host_and_port_share_a_lane() -> None:
    config = BenchConfig((provider("x", model("a")), provider("y", model("b"))))
    assert [(lane.name, lane.groups) for lane in lanes_of(planned(config), "lanes")] == [("X + Y", ((0,), (1,)))]


def test_what_is_skipped_is_in_no_lane() -> None:
    config = BenchConfig((Provider("o", "OpenAI", models=(model("gpt-4o"),)), provider("x", model("a"))))
    assert [lane.groups for lane in lanes_of(planned(config), "lanes")] == [((1,),)]
    assert lanes_of(planned(BenchConfig(config.providers[:1])), "interleaved") == []


def test_interleaved_every_block_has_each_cell_once_in_an_order_drawn_anew() -> None:
    turns = list(turns_of((0, 1, 2), runs=20, seed=1, thread=0))
    blocks = [[turn.cell for turn in turns if turn.block == block] for block in range(21)]
    assert all(sorted(block) == [0, 1, 2] for block in blocks)
    assert len(set(map(tuple, blocks))) == 6  # all orders of three come up
    assert turns == list(turns_of((0, 1, 2), 20, 1, 0))
    assert turns != list(turns_of((0, 1, 2), 20, 2, 0))
    assert turns != list(turns_of((0, 1, 2), 20, 1, 1))


def test_no_cell_stands_first_more_often_than_chance_allows() -> None:
    turns = list(turns_of((0, 1), runs=400, seed=3, thread=0))
    first = Counter(turns[at].cell for at in range(0, len(turns), 2))
    assert 150 < first[0] < 250
