from __future__ import annotations

import uuid

from chat_client import ask
from sse_perf_tool.chat_server.conversations import Conversations
from sse_perf_tool.chat_server.run import BackgroundServer


class Clock:
    """A clock that a test moves."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_conversation_has_a_uuid_and_remembers_its_turns() -> None:
    store = Conversations(most=10, history=10, idle_s=60)
    begun = store.begin()
    assert str(uuid.UUID(begun.id)) == begun.id
    store.add_turn(begun.id, "question", "answer")
    again = store.use(begun.id)
    assert again is not None
    assert again.turns == 1
    assert [(m.role, m.text) for m in again.messages] == [("user", "question"), ("assistant", "answer")]


def test_the_history_keeps_the_newest_messages_and_counts_all_turns() -> None:
    store = Conversations(most=10, history=4, idle_s=60)
    begun = store.begin()
    for turn in range(5):
        store.add_turn(begun.id, f"q{turn}", f"a{turn}")
    assert [m.text for m in begun.messages] == ["q3", "a3", "q4", "a4"]
    assert begun.turns == 5


def test_an_idle_conversation_is_removed_and_a_used_one_stays() -> None:
    clock = Clock()
    store = Conversations(most=10, history=4, idle_s=60, clock=clock)
    idle, used = store.begin(), store.begin()
    clock.now_s = 59
    assert store.use(used.id) is used
    clock.now_s = 60
    assert store.use(idle.id) is None
    assert store.use(used.id) is used
    assert len(store) == 1


def test_one_too_many_removes_the_one_idle_longest() -> None:
    store = Conversations(most=2, history=4, idle_s=60, clock=Clock())
    first, second = store.begin(), store.begin()
    store.use(first.id)
    third = store.begin()
    assert store.use(second.id) is None
    assert store.use(first.id) is first
    assert store.use(third.id) is third


def test_a_turn_of_a_removed_conversation_is_let_go() -> None:
    store = Conversations(most=2, history=4, idle_s=60)
    begun = store.begin()
    assert store.remove(begun.id)
    store.add_turn(begun.id, "question", "answer")
    assert len(store) == 0
    assert not store.remove(begun.id)


def test_a_conversation_goes_on_shows_itself_and_is_forgotten(server: BackgroundServer) -> None:
    first = ask(server.port, "/chat", {"message": "one"}).blocks[-1].data
    named = {"conversation_id": first["conversation_id"]}
    second = ask(server.port, "/chat", {"message": "two", **named}).blocks[-1].data
    assert second["turn"] == 2
    assert second["content"].startswith('This is turn 2 of our conversation; before it you asked "one".')
    assert second["usage"]["prompt_tokens"] == 1 + first["usage"]["completion_tokens"] + 1

    path = f"/conversations/{first['conversation_id']}"
    shown = ask(server.port, path, method="GET").json
    assert shown["turns"] == 2
    assert [m["role"] for m in shown["messages"]] == ["user", "assistant"] * 2
    assert [m["content"] for m in shown["messages"][::2]] == ["one", "two"]
    assert shown["messages"][3]["content"] == second["content"]

    assert ask(server.port, path, method="DELETE").status == 204
    assert ask(server.port, path, method="GET").status == 404
    assert ask(server.port, path, method="DELETE").status == 404
    assert ask(server.port, "/chat", {"message": "three", **named}).status == 404


def test_a_conversation_may_change_its_api(server: BackgroundServer) -> None:
    begun = ask(server.port, "/v1/chat-messages", {"query": "one", "user": "me", "response_mode": "streaming"}).events[
        -1
    ]
    named = {"conversation_id": begun["conversation_id"]}
    asked = [{"role": "user", "content": "two"}]
    second = ask(server.port, "/v1/chat/completions", {"messages": asked, **named})
    assert second.json["choices"][0]["message"]["content"].startswith("This is turn 2 of our conversation")
    third = ask(server.port, "/v1/messages", {"messages": asked, "max_tokens": 100, **named})
    assert third.json["content"][0]["text"].startswith("This is turn 3 of our conversation")
    assert third.headers["x-conversation-id"] == begun["conversation_id"]


def test_openai_without_a_conversation_id_is_not_remembered(server: BackgroundServer) -> None:
    asked = {"messages": [{"role": "user", "content": "one"}]}
    assert "x-conversation-id" not in ask(server.port, "/v1/chat/completions", asked).headers
    begun = ask(server.port, "/v1/chat/completions", {**asked, "conversation_id": ""})
    shown = ask(server.port, f"/conversations/{begun.headers['x-conversation-id']}", method="GET").json
    assert shown["turns"] == 1


def test_dify_says_that_a_conversation_does_not_exist(server: BackgroundServer) -> None:
    answer = ask(server.port, "/v1/chat-messages", {"query": "x", "user": "me", "conversation_id": "no-such"})
    assert answer.status == 404
    assert answer.json == {"code": "not_found", "message": "Conversation Not Exists.", "status": 404}
