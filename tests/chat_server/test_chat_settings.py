from __future__ import annotations

import os
import re
import runpy
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import sse_perf_tool.chat_server as package
from chat_client import QUICK
from patience import FOREVER_S
from sse_perf_tool.chat_server import MISSING
from sse_perf_tool.chat_server.command import WITHOUT_FLAG
from sse_perf_tool.chat_server.run import BackgroundServer, _greeting, _listen
from sse_perf_tool.chat_server.settings import Settings, SettingsError, flag, load, variable
from sse_perf_tool.flags.serve import SERVE_FLAGS, SERVE_HELP

FOLDER = Path(package.__file__).parent
DOCUMENTS = [FOLDER.parents[2] / "docs" / f"chat-server{language}.md" for language in ("", "_zh")]


@pytest.fixture(autouse=True)
def no_other_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)
    monkeypatch.chdir(tmp_path)


def test_settings_come_from_flags_then_the_environment_then_the_file_then_the_defaults(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("PORT=1\nTOKEN_DELAY=1\nJITTER=0.1\nUNKNOWN=x\n", encoding="utf-8")
    monkeypatch.setenv("PORT", "2")
    monkeypatch.setenv("TOKEN_DELAY", "2")
    settings = load({"port": "3"})
    assert (settings.port, settings.token_delay_s, settings.jitter, settings.error_rate) == (3, 2.0, 0.1, 0.0)


def test_settings_made_directly_ask_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "2")
    assert Settings().port == 8000


def test_each_bad_setting_gets_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_DELAY", "soon")
    monkeypatch.setenv("FAULT", "explode")
    monkeypatch.setenv("LOG_LEVEL", "loud")
    monkeypatch.setenv("ERROR_RATE", "1.5")
    with pytest.raises(SettingsError) as raised:
        load({"port": "70000"})
    lines = str(raised.value).splitlines()
    assert len(lines) == 5
    assert "--port '70000': input should be less than or equal to 65535" in lines
    assert "setting ERROR_RATE: '1.5': input should be less than or equal to 1" in lines
    assert any(line.startswith("setting TOKEN_DELAY: 'soon': input should be a valid number") for line in lines)
    assert any(line.startswith("setting FAULT: 'explode': 'explode' is no fault; there are") for line in lines)
    assert any(line.startswith("setting LOG_LEVEL: 'LOUD': input should be 'DEBUG', ") for line in lines)


def test_a_fault_without_leave_for_faults_is_a_bad_setting() -> None:
    with pytest.raises(SettingsError, match=r"^settings: FAULT has an effect only with FAULTS=1 or DEBUG=1$"):
        load({"fault": "truncate"})
    assert load({"fault": "truncate", "debug": True}).fault == "truncate"


def test_a_settings_file_that_is_not_utf_8_is_one_line(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"HOST=\xff\n")
    with pytest.raises(SettingsError, match=r"^\.env cannot be read: [^\n]+$"):
        load({})


def test_keys_are_cut_at_commas_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEYS", "key-one, key-two,")
    settings = load({})
    assert settings.accepted_keys == ("key-one", "key-two")
    assert "key-one" not in repr(settings)


def test_the_log_level_may_be_written_small_and_workers_follow_the_cores() -> None:
    settings = load({"log_level": "warning"})
    assert settings.log_level == "WARNING"
    assert settings.worker_count == (os.cpu_count() or 1) * 2 + 1
    assert load({"workers": "3"}).worker_count == 3


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sse_perf_tool.chat_server", *arguments],
        env={**os.environ, "PYTHONPATH": str(FOLDER.parents[1]), **environment},
        capture_output=True,
        text=True,
        timeout=FOREVER_S,
        check=False,
    )


def test_the_command_names_bad_settings_and_ends_with_status_2() -> None:
    done = command("--port", "99999", ERROR_RATE="2")
    assert done.returncode == 2
    places = sorted(line.split(": ")[0] for line in done.stderr.splitlines())
    assert places == ["--port '99999'", "setting ERROR_RATE"], "each by the name that was used"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--prot", "8000"], "--prot: no such flag; did you mean --port?"),
        (["--lang=zh"], "--lang: no such flag; did you mean --agent?"),
        (["--api-keys", "x"], "--api-keys: no such flag; --help lists all"),
        (["--port"], "--port: expected one argument; --help lists all flags"),
        (["--response-delay", "abc"],
         "--response-delay 'abc': input should be a valid number, unable to parse string as a number"),
    ],
)  # fmt: skip
def test_a_mistake_on_the_command_line_is_one_line_with_its_flag(arguments: list[str], line: str) -> None:
    done = command(*arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{line}\n")


def test_the_command_ends_with_status_2_when_the_port_is_taken(server: BackgroundServer) -> None:
    done = command("--port", str(server.port))
    assert done.returncode == 2
    assert done.stderr == (
        f"cannot listen on 127.0.0.1 port {server.port}: Address already in use; choose another --port or --host\n"
    )


def test_missing_packages_are_one_line_that_says_how_to_install_them(tmp_path: Path) -> None:
    (tmp_path / "fastapi.py").write_text("raise ModuleNotFoundError(\"No module named 'fastapi'\", name='fastapi')\n")
    path = os.pathsep.join((str(tmp_path), str(FOLDER.parents[1])))
    done = command(PYTHONPATH=path)
    assert done.returncode == 2
    assert done.stderr == f"{MISSING['en']}\n"
    assert 'pip install "sse-perf-tool[server]"' in done.stderr


def test_every_setting_of_one_process_has_a_flag_but_keys_have_none() -> None:
    shown = command("--help").stdout
    for name in Settings.model_fields:
        flag = "--" + variable(name).lower().replace("_", "-")
        assert (flag in shown) == (name not in WITHOUT_FLAG), flag


def test_the_start_line_names_the_endpoints_and_a_command_to_try() -> None:
    with BackgroundServer(QUICK) as running:
        assert running.process.stdout is not None
        said = running.process.stdout.read1().decode()
    for path in ("/chat", "/v1/chat-messages", "/v1/chat/completions", "/v1/messages", "/health", "/metrics"):
        assert path in said
    assert f"\n  python3 sse_perfTestTool.py --url {running.url}/v1/chat-messages" in said


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_the_document_lists_every_setting_with_its_default(document: Path) -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|", document.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [(variable(name), as_documented(field.default)) for name, field in Settings.model_fields.items()]


def as_documented(default: object) -> str:
    if isinstance(default, bool):
        return "on" if default else "off"
    if isinstance(default, float):
        return f"{default:g}"
    return str(default) or "-"


def test_the_gunicorn_configuration_follows_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("uvicorn_worker", reason="gunicorn and uvicorn-worker are not installed")
    monkeypatch.setenv("PORT", "8123")
    monkeypatch.setenv("WORKERS", "4")
    monkeypatch.setenv("SHUTDOWN_GRACE", "10")
    configuration = runpy.run_path(str(FOLDER / "gunicorn.conf.py"))
    assert configuration["bind"] == "127.0.0.1:8123"
    assert configuration["workers"] == 4
    assert configuration["graceful_timeout"] == 15
    assert configuration["worker_class"].CONFIG_KWARGS["timeout_graceful_shutdown"] == 12


def test_what_is_written_goes_at_once_and_waits_for_no_acknowledgement() -> None:
    with _listen(Settings(port=0)) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_the_help_of_serve_has_every_setting_with_its_default_and_meaning() -> None:
    known = {row.names[0]: (row.default, SERVE_HELP[row.key][0]) for row in SERVE_FLAGS if row.group == "serve"}
    assert known == {
        flag(name): (None if field.annotation is bool or field.default == "" else field.default, field.description)
        for name, field in Settings.model_fields.items()
        if name not in WITHOUT_FLAG
    }


def test_serve_speaks_chinese_when_it_is_asked_to() -> None:
    with pytest.raises(SettingsError, match=r"^--port '99999': 请给出不大于 65535 的值$"):
        load({"port": "99999"}, "zh")
    with pytest.raises(SettingsError, match=r"^--jitter 'x': 请给出数字$"):
        load({"jitter": "x"}, "zh")
    for fault, said in (
        ("explode", "没有 'explode' 这种故障，可用的有 slow, stall, "),
        ("truncate=1", "truncate 不带值"),
        ("truncate@2", "比例应是 0 到 1 之间的数，而不是 '2'"),
        ("slow=fast", "slow 应是 1 到 1000 之间的数，而不是 'fast'"),
        ("stall=soon", "stall 的值是时间，如 2s 或 500ms，而不是 'soon'"),
    ):
        with pytest.raises(SettingsError, match=f"^--fault {fault!r}: {said}"):
            load({"fault": fault, "faults": True}, "zh")
    with pytest.raises(SettingsError, match=r"^settings: FAULT 只在 FAULTS=1 或 DEBUG=1 时起作用$"):
        load({"fault": "truncate"}, "zh")
    with pytest.raises(SettingsError, match=r"^--cors-origins 'x': x 不是来源，请写出协议和主机"):
        load({"cors_origins": "x"}, "zh")
    said = _greeting(Settings(), 8000, "sse-perf", "zh")
    assert "按 Ctrl-C 停止。" in said
    assert "http://127.0.0.1:8000/v1/chat-messages" in said
