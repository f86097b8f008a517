"""A real ``AsyncServer``, called as the edge calls it."""

import asyncio
import inspect

import pytest
import socketio

import socketio_bridge
from socketio_bridge.body import BATCH_TYPE, encode_body
from tests.support import (
    SECRET,
    SID,
    AsyncQueue,
    Queue,
    batch_of,
    call_of,
    emitted,
    exchange_asgi,
    post_asgi,
    replies_of,
    reply_of,
    request_of,
    send_asgi,
)


@pytest.fixture
def queue():
    return AsyncQueue()


@pytest.fixture
def server(queue):
    return socketio.AsyncServer(client_manager=queue, async_mode="asgi")


@pytest.fixture
def chat(server):
    @server.event
    async def connect(sid, environ, auth):
        if auth == {"token": "wrong"}:
            raise socketio.exceptions.ConnectionRefusedError("who are you?", 7)
        await server.save_session(sid, {"name": environ["HTTP_X_NAME"]})
        await server.emit("welcome", sid, to=sid)

    @server.event
    async def join(sid, room):
        entered = server.enter_room(sid, room)
        if inspect.isawaitable(entered):  # a coroutine from python-socketio 5.10 on
            await entered
        async with server.session(sid) as session:
            session["joined"] = session.get("joined", 0) + 1
        return server.rooms(sid), session["name"], b"\x00\xff"

    @server.event
    def plain(_sid, data):
        return data

    @server.event
    async def fail(_sid):
        raise KeyError("x")

    return socketio_bridge.asgi(server, secret=SECRET)


def test_connect_runs_with_the_request_of_the_client_and_its_emits_precede_the_mark(chat, queue):
    status, reply = post_asgi(chat, call_of("connect", request=request_of([["x-name", "ann"]])))

    assert (status, reply["accepted"], reply["error"], reply["marked"]) == (200, True, None, True)
    assert emitted(queue) == [("welcome", [SID], SID)]
    assert queue.published[-1] == {"method": "edge_mark", "mark": "call-1"}


def test_a_refusal_has_the_message_and_the_data_of_the_handler(chat):
    _, reply = post_asgi(chat, call_of("connect"), [{"token": "wrong"}])

    assert (reply["accepted"], reply["refusal"]) == (False, {"message": "who are you?", "data": 7})


def test_the_session_travels_from_call_to_call_and_an_acknowledgement_may_have_bytes(chat, queue):
    _, connected = post_asgi(chat, call_of("connect", request=request_of([["x-name", "ann"]])))
    sessions = connected["sessions"]
    for count in (1, 2):
        call = call_of("event", event="join", wantsAck=True, sessions=sessions)
        _, reply = post_asgi(chat, call, ["room"])
        assert reply["ack"] == [[SID, "room"], "ann", b"\x00\xff"]
        sessions = reply["sessions"]
        assert sessions["own"]["/"]["joined"] == count
    assert [message["room"] for message in queue.published if message.get("method") == "enter_room"] == ["room"] * 2


def test_a_handler_may_be_a_plain_function(chat):
    _, reply = post_asgi(chat, call_of("event", event="plain", wantsAck=True), [{"a": [1]}])

    assert reply["ack"] == [{"a": [1]}]


def test_a_handler_that_raises_acknowledges_nothing_and_names_the_class_alone(chat):
    _, reply = post_asgi(chat, call_of("event", event="fail", wantsAck=True))

    assert (reply["handled"], reply["ack"], reply["error"]) == (True, None, "KeyError")


def test_an_event_without_a_handler_is_said_to_be_unhandled(chat):
    _, reply = post_asgi(chat, call_of("event", event="unknown", wantsAck=True), [1])

    assert (reply["handled"], reply["ack"], reply["error"]) == (False, None, None)


def test_without_the_secret_nothing_runs(chat, queue):
    for secret in ("", "wrong", SECRET + "x"):
        assert post_asgi(chat, call_of("connect"), authorization=f"Bearer {secret}")[0] == 401
    assert queue.published == []


def test_calls_of_one_client_at_the_same_time_have_each_their_own_session(server):
    async def run():
        names, both_are_there = [], asyncio.Event()

        @server.event
        async def name(sid, given):
            async with server.session(sid) as session:
                names.append(given)
                if len(names) == 2:
                    both_are_there.set()
                await both_are_there.wait()
                session["name"] = given
            # A task that a handler starts belongs to its call.
            return await asyncio.ensure_future(server.get_session(sid))

        app = socketio_bridge.asgi(server, secret=SECRET)
        body = call_of("event", event="name", wantsAck=True)
        answers = await asyncio.gather(*(exchange_asgi(app, encode_body(body, [given])) for given in ("a", "b")))
        return [reply_of(answer) for _, answer in answers]

    replies = asyncio.run(run())

    assert [reply["ack"] for reply in replies] == [[{"name": "a"}], [{"name": "b"}]]
    assert [reply["sessions"] for reply in replies] == [{"own": {"/": {"name": given}}} for given in ("a", "b")]
    assert not server.environ


def test_an_application_without_a_message_queue_is_refused_at_start():
    with pytest.raises(socketio_bridge.InvalidOptionError, match="no message queue"):
        socketio_bridge.asgi(socketio.AsyncServer(async_mode="asgi"), secret=SECRET)


def test_each_interface_refuses_the_servers_of_the_other():
    with pytest.raises(socketio_bridge.InvalidOptionError, match=r"use socketio_bridge\.asgi"):
        socketio_bridge.wsgi(socketio.AsyncServer(client_manager=AsyncQueue(), async_mode="asgi"), secret=SECRET)
    with pytest.raises(socketio_bridge.InvalidOptionError, match=r"use socketio_bridge\.wsgi"):
        socketio_bridge.asgi(socketio.Server(client_manager=Queue(), async_mode="threading"), secret=SECRET)


def exchange(app, scope, *received):
    """Return what the application sends."""
    coming, sent = list(received), []

    async def receive():
        return coming.pop(0)

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent


def test_other_requests_get_to_the_application(server):
    seen = []

    async def other(scope, _receive, _send):
        seen.append((scope["type"], scope.get("path")))

    app = socketio_bridge.asgi(server, other, secret=SECRET)
    exchange(app, {"type": "http", "path": "/"})
    exchange(app, {"type": "lifespan"})
    exchange(app, {"type": "websocket", "path": "/socketio-bridge"})

    assert seen == [("http", "/"), ("lifespan", None), ("websocket", "/socketio-bridge")]


def test_without_an_application_other_requests_are_not_found(chat):
    assert send_asgi(chat, b"", method="GET", path="/")[0] == 404
    assert exchange(chat, {"type": "websocket", "path": "/"}) == [{"type": "websocket.close"}]


def test_without_an_application_the_server_starts_and_stops(chat):
    sent = exchange(chat, {"type": "lifespan"}, {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"})

    assert sent == [{"type": "lifespan.startup.complete"}, {"type": "lifespan.shutdown.complete"}]


def test_a_body_that_is_longer_than_announced_is_not_read_to_its_end(chat):
    headers = [(b"authorization", f"Bearer {SECRET}".encode()), (b"content-length", b"10")]
    scope = {"type": "http", "method": "POST", "path": "/socketio-bridge", "headers": headers}
    start, _ = exchange(chat, scope, {"type": "http.request", "body": bytes(11), "more_body": True})

    assert start["status"] == 400


def test_a_client_that_is_gone_before_its_body_runs_nothing(chat, queue):
    headers = [(b"authorization", f"Bearer {SECRET}".encode()), (b"content-length", b"10")]
    scope = {"type": "http", "method": "POST", "path": "/socketio-bridge", "headers": headers}
    start, _ = exchange(chat, scope, {"type": "http.disconnect"})

    assert (start["status"], queue.published) == (400, [])


def test_handlers_find_the_scope_of_the_client(server):
    scopes = []

    @server.event
    async def connect(_sid, environ):
        scopes.append(environ["asgi.scope"])

    app = socketio_bridge.asgi(server, secret=SECRET)
    request = request_of([["upgrade", "websocket"]], path="/a%20b", query="q=%C3%A9")
    post_asgi(app, call_of("connect", request=request))
    (scope,) = scopes
    assert (scope["type"], scope["path"], scope["query_string"]) == ("websocket", "/a b", b"q=%C3%A9")
    assert (scope["client"], scope["server"]) == (("192.0.2.7", 4711), ("chat.example", 8080))
    assert (b"upgrade", b"websocket") in scope["headers"]


def test_the_calls_of_a_batch_run_beside_each_other_and_each_is_answered_when_it_has_ended(server):
    async def run():
        last_is_there = asyncio.Event()

        @server.event
        async def number(_sid, value):
            if value == 2:
                last_is_there.set()
            await last_is_there.wait()
            # In reverse.
            for _ in range(10 * (2 - value)):
                await asyncio.sleep(0)
            return value

        app = socketio_bridge.asgi(server, secret=SECRET)
        calls = [(call_of("event", event="number", wantsAck=True, id=f"call-{value}"), [value]) for value in range(3)]
        return await exchange_asgi(app, batch_of(*calls, b"2\n{}"), content_type=BATCH_TYPE)

    status, answer = asyncio.run(run())

    replies = replies_of(answer)
    assert status == 200
    assert [(number, code) for number, code, _ in replies] == [(3, 400), (2, 200), (1, 200), (0, 200)]
    assert [reply["ack"] for number, _, reply in replies if number < 3] == [[2], [1], [0]]


def test_a_batch_that_is_none_is_refused_as_a_whole(chat, queue):
    for body in (b"", b"5\nhello", b"1 x\n{}"):
        assert send_asgi(chat, body, content_type=BATCH_TYPE)[0] == 400
    assert queue.published == []
