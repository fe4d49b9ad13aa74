from __future__ import annotations

import http.client
import itertools
import json
from collections.abc import Iterator

import pytest

from chat_client import QUICK, Answer, ask
from patience import undisturbed
from sse_perf_tool.chat_server.faults import NONE, Fault, choose, parse_faults
from sse_perf_tool.chat_server.run import BackgroundServer
from sse_perf_tool.chat_server.settings import Settings


@pytest.fixture(scope="module")
def faulty() -> Iterator[BackgroundServer]:
    settings = QUICK.model_copy(update={"faults": True, "answer_tokens": 4, "token_delay_s": 0.01})
    with BackgroundServer(settings) as running:
        yield running


def chat(server: BackgroundServer, fault: str, stream: bool = True) -> Answer:
    return ask(server.port, "/chat", {"message": "hello", "stream": stream}, X_Fault=fault)


def test_faults_are_read_from_one_line() -> None:
    assert parse_faults("stall=2s@0.1, http-503@0.05,slow=4,truncate,stall=500ms") == (
        Fault("stall", share=0.1, stall_s=2.0),
        Fault("http-503", share=0.05, status=503),
        Fault("slow", slow=4.0),
        Fault("truncate"),
        Fault("stall", stall_s=0.5),
    )
    assert parse_faults("") == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("stal=2s", "'stal=2s' is no fault; there are slow, stall,"),
        ("stall=soon", "stall takes a time such as 2s or 500ms, not 'soon'"),
        ("slow=fast", "slow is a number from 1 to 1000, not 'fast'"),
        ("truncate=1", "truncate takes no value"),
        ("truncate@2", "a share is a number from 0 to 1, not '2'"),
        ("http-200", "'http-200' is no fault"),
        ("slow=nan", "slow is a number from 1 to 1000, not 'nan'"),
    ],
)
def test_a_fault_that_does_not_exist_is_refused_in_one_line(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_faults(text)


def test_the_first_fault_whose_share_is_drawn_is_taken() -> None:
    faults = parse_faults("truncate@0.1,garbage@0.5")
    assert choose(faults, itertools.cycle([0.05]).__next__).name == "truncate"
    assert choose(faults, itertools.cycle([0.3]).__next__).name == "garbage"
    assert choose(faults, itertools.cycle([0.9]).__next__) == NONE


def test_truncate_ends_the_body_properly_in_the_middle(faulty: BackgroundServer) -> None:
    answer = chat(faulty, "truncate")
    assert not answer.cut
    assert [block.event for block in answer.blocks] == ["connected", "message", "message"]


def test_disconnect_cuts_the_connection_in_the_middle(faulty: BackgroundServer) -> None:
    answer = chat(faulty, "disconnect")
    assert answer.cut
    assert [block.event for block in answer.blocks] == ["connected", "message", "message"]


def test_an_error_event_ends_the_answer_in_the_middle(faulty: BackgroundServer) -> None:
    answer = chat(faulty, "error-event")
    assert [block.event for block in answer.blocks] == ["connected", "message", "message", "error"]
    assert answer.blocks[-1].data["code"] == "answer_failed"


def test_garbage_stands_in_the_middle_of_a_stream_that_goes_on(faulty: BackgroundServer) -> None:
    body = chat(faulty, "garbage").body
    assert b'data: {"half": "a JSON obj\xff\xfe\n\n' in body
    assert body.count(b"event: message\n") == 4
    assert b"event: completed\n" in body


def test_a_status_is_answered_instead_of_a_stream(faulty: BackgroundServer) -> None:
    answer = chat(faulty, "http-503")
    assert answer.status == 503
    assert answer.headers["retry-after"] == "1"
    assert chat(faulty, "http-500").status == 500


@undisturbed
def test_stall_makes_one_long_gap_in_the_middle(faulty: BackgroundServer) -> None:
    _, *messages, _ = chat(faulty, "stall=300ms").blocks
    gaps = [later.at_s - earlier.at_s for earlier, later in itertools.pairwise(messages)]
    assert 0.25 < gaps[1] < 0.6
    assert gaps[0] < 0.2
    assert gaps[2] < 0.2


@undisturbed
def test_slow_makes_every_delay_longer(faulty: BackgroundServer) -> None:
    _, *messages, _ = chat(faulty, "slow=12").blocks
    assert 0.33 < messages[-1].at_s - messages[0].at_s < 0.8  # 3 gaps of 120 ms


def test_an_answer_that_broke_off_is_not_part_of_the_conversation(faulty: BackgroundServer) -> None:
    connected = chat(faulty, "error-event").blocks[0].data
    shown = ask(faulty.port, f"/conversations/{connected['conversation_id']}", method="GET").json
    assert (shown["turns"], shown["messages"]) == (0, [])


def test_an_answer_in_one_object_is_halved_or_cut(faulty: BackgroundServer) -> None:
    for fault in ("truncate", "garbage"):
        halved = chat(faulty, fault, stream=False)
        assert halved.status == 200
        with pytest.raises(json.JSONDecodeError):
            _ = halved.json
    assert chat(faulty, "error-event", stream=False).status == 500
    with pytest.raises(http.client.IncompleteRead):
        chat(faulty, "disconnect", stream=False)


def test_a_fault_that_does_not_exist_is_a_bad_request(faulty: BackgroundServer) -> None:
    answer = chat(faulty, "explode")
    assert answer.status == 400
    assert answer.json["error"]["message"].startswith("X-Fault: 'explode' is no fault")


def test_faults_are_not_heard_unless_they_are_allowed(server: BackgroundServer) -> None:
    answer = chat(server, "http-500")
    assert answer.status == 200
    assert answer.headers["x-fault"] == "ignored"
    assert answer.blocks[-1].event == "completed"


def test_debug_allows_faults_too() -> None:
    assert Settings(debug=True).faults_allowed
    assert Settings(faults=True).faults_allowed
    assert not Settings().faults_allowed


def test_the_setting_gives_faults_to_requests_that_ask_for_none() -> None:
    with BackgroundServer(QUICK.model_copy(update={"fault": "http-429", "faults": True})) as running:
        assert ask(running.port, "/chat", {"message": "hello"}).status == 429
        assert chat(running, "slow=1").status == 200
