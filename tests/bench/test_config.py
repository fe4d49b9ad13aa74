"""`config.yaml`: what it says, names of an older file, and the place of each mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from sse_perf_tool.bench.config import BenchConfig, Defaults, load_config
from sse_perf_tool.bench.keys import environment_of, key_of
from sse_perf_tool.errors import UsageError

OLDER = """\
defaults:
  max_tokens: 256
  temperature: 0.7
  context_tiers:
  - 0
  - 1000
  prompt: 'Explain recursion.

    With an example.

    '
providers:
  glm:
    display_name: GLM
    api_base: https://api.z.ai/api/coding/paas/v4
    api_key_env: ZAI_API_KEY
    models:
    - id: zai/GLM-4.7
      display_name: GLM-4.7
      context_window: 200000
      max_output_tokens: 8000
  desk:
    display_name: LM Studio (desk)
    api_base: http://192.168.1.2:1234/v1
    api_key: not-needed
    models:
    - id: lm_studio/org/glm-flash
      context_window: 80000
    model_id_prefix: lm_studio
  openai:
    display_name: OpenAI
    api_key_env: OPENAI_API_KEY
    models:
    - id: gpt-5.2
      context_window: 128000
      skip_params:
      - temperature
"""


def config(tmp_path: Path, text: str, language: str = "en") -> BenchConfig:
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(path, language)


def problem(tmp_path: Path, text: str, language: str = "en") -> str:
    with pytest.raises(UsageError) as caught:
        config(tmp_path, text, language)
    return str(caught.value).replace(str(tmp_path / "config.yaml"), "FILE")


def test_a_file_of_the_older_shape_is_read(tmp_path: Path) -> None:
    found = config(tmp_path, OLDER)
    glm, desk, openai = found.providers
    assert found.defaults == Defaults(256, 0.7, (0, 1000), "Explain recursion.\nWith an example.\n", 3)
    assert (glm.key, glm.display_name, glm.key_env) == ("glm", "GLM", ("ZAI_API_KEY",))
    assert (glm.models[0].context_window, glm.models[0].max_output_tokens) == (200_000, 8000)
    assert (desk.model_prefix, desk.secret, desk.models[0].display_name) == (
        "lm_studio",
        "not-needed",
        "lm_studio/org/glm-flash",
    )
    assert openai.models[0].skip_temperature
    assert found.warnings == ()


def test_new_names_say_the_same(tmp_path: Path) -> None:
    text = "providers: {p: {model_prefix: lm_studio/, models: [{id: m, skip_temperature: true}]}}"
    provider = config(tmp_path, text).providers[0]
    assert (provider.model_prefix, provider.models[0].skip_params) == ("lm_studio", ("temperature",))
    assert provider.models[0].context_window == 128_000


def test_a_key_in_the_file_is_a_warning_and_never_shown(tmp_path: Path) -> None:
    found = config(tmp_path, "providers: {p: {api_key: sk-secret-value, models: [{id: m}]}}")
    assert found.warnings == (
        "providers.p.api_key: a key stands in the file; better name an environment variable in api_key_env",
    )
    assert "sk-secret" not in repr(found)


def test_names_that_nothing_reads_are_warned_of(tmp_path: Path) -> None:
    found = config(tmp_path, "providers: {p: {modells: [], models: [{id: m, ctx: 1}]}}\nextra: 1")
    assert found.warnings == (
        "providers.p.modells: not known and not used",
        "providers.p.models[0].ctx: not known and not used",
        "extra: not known and not used",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", 'FILE: holds no providers; write them below "providers:"'),
        ("- 1", 'FILE: holds no providers; write them below "providers:"'),
        ("providers: []", 'FILE: holds no providers; write them below "providers:"'),
        ("providers: {p: 3}", "FILE: providers.p: expected a table, found 3"),
        ("providers: {p: {models: m}}", "FILE: providers.p.models: expected a list, found 'm'"),
        ("providers: {p: {models: [m]}}", "FILE: providers.p.models[0]: expected a table, found 'm'"),
        ("providers: {p: {models: [{name: m}]}}", "FILE: providers.p.models[0].id: is missing; add it"),
        ("providers: {p: {models: [{id: 4}]}}", "FILE: providers.p.models[0].id: expected a text, found 4"),
        (
            "providers: {p: {models: [{id: m, context_window: big}]}}",
            "FILE: providers.p.models[0].context_window: expected a whole number of at least 1, found 'big'",
        ),
        ("providers: {p: {api_base: host}}", "FILE: providers.p.api_base: host is no address; write http://host:port/..."),
        (
            "defaults: {temperature: 3}\nproviders: {}",
            "FILE: defaults.temperature: expected a number from 0 to 2, found 3",
        ),
        ("defaults: {runs: 0}\nproviders: {}", "FILE: defaults.runs: expected a whole number of at least 1, found 0"),
        (
            "defaults: {context_tiers: [0, -1]}\nproviders: {}",
            "FILE: defaults.context_tiers[1]: expected a whole number of at least 0, found -1",
        ),
        ("providers: {p: {models: [{id: m, skip_temperature: yes}]}}",
         "FILE: providers.p.models[0].skip_temperature: expected true or false, found 'yes'"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    assert problem(tmp_path, text) == said


def test_what_is_no_yaml_is_named_with_line_and_column(tmp_path: Path) -> None:
    said = problem(tmp_path, "providers:\n  p: [1\n  q: 2\n")
    assert said.startswith("FILE: line 3, column 4: ")
    assert said.endswith("; correct it there")
    assert problem(tmp_path, "a: 1\na: 2\n").startswith("FILE: line ")


def test_a_format_that_does_not_exist_is_named_with_those_that_do(tmp_path: Path) -> None:
    said = problem(tmp_path, "providers: {p: {format: openai, models: []}}")
    assert said.startswith("FILE: providers.p.format: there is no format openai; one of a2a, ")
    assert "没有格式" in problem(tmp_path, "providers: {p: {format: openai, models: []}}", "zh")


def test_keys_come_from_the_environment_then_from_the_file_beside_the_config(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A_KEY='from file'\nB_KEY=file-b\nexport C_KEY=file-c # mine\n")
    environ = environment_of(tmp_path / "config.yaml", {"B_KEY": "from environment"})
    assert {name: environ[name] for name in ("A_KEY", "B_KEY", "C_KEY")} == {
        "A_KEY": "from file",
        "B_KEY": "from environment",
        "C_KEY": "file-c",
    }
    provider = config(tmp_path, "providers: {p: {models: [{id: m}]}}").providers[0]
    assert key_of(provider, ("NONE", "C_KEY"), environ) == "file-c"
    assert key_of(provider, ("NONE",), environ) is None


def test_without_such_a_file_the_environment_is_all(tmp_path: Path) -> None:
    assert environment_of(tmp_path / "config.yaml", {"A": "1"}) == {"A": "1"}
