"""A real Flask-SocketIO application, called as the edge calls it."""

import json
import os

import flask
import flask_socketio
import pytest
import socketio

import socketio_bridge
from socketio_bridge.body import BATCH_TYPE
from socketio_bridge.sessions import Sessions
from tests.support import (
    SECRET,
    SID,
    Queue,
    batch_of,
    call_of,
    emitted,
    post,
    replies_of,
    request_of,
    send_wsgi,
    wsgi_environ_of,
)


@pytest.fixture
def queue():
    return Queue()


@pytest.fixture
def chat(queue):
    app = flask.Flask(__name__)
    app.secret_key = "k"
    io = flask_socketio.SocketIO(app, client_manager=queue, async_mode="threading")

    @io.on("connect")
    def connect(auth):
        if auth == {"token": "wrong"}:
            raise flask_socketio.ConnectionRefusedError("who are you?", 7)
        flask.session["name"] = flask.request.headers["X-Name"]
        flask_socketio.emit("welcome", flask.request.sid)  # type: ignore[attr-defined]  # Flask-SocketIO adds it

    @io.on("join")
    def join(room):
        flask_socketio.join_room(room)
        flask.session["joined"] = flask.session.get("joined", 0) + 1
        return flask_socketio.rooms(), flask.session["name"], b"\x00\xff"

    @io.on("fail")
    def fail():
        raise KeyError("x")

    return socketio_bridge.wsgi(io, app.wsgi_app, secret=SECRET)


def test_connect_runs_with_the_request_of_the_client_and_its_emits_precede_the_mark(chat, queue):
    status, reply = post(chat, call_of("connect", request=request_of([["x-name", "ann"]])))

    assert status == 200
    assert reply["accepted"] is True
    assert reply["error"] is None
    assert reply["marked"] is True
    assert emitted(queue) == [("welcome", [SID], SID)]
    assert queue.published[-1] == {"method": "edge_mark", "mark": "call-1"}


def test_a_refusal_has_the_message_and_the_data_of_the_handler(chat):
    _, reply = post(chat, call_of("connect"), [{"token": "wrong"}])

    assert (reply["accepted"], reply["refusal"]) == (False, {"message": "who are you?", "data": 7})


def test_the_session_travels_from_call_to_call_and_an_acknowledgement_may_have_bytes(chat, queue):
    _, connected = post(chat, call_of("connect", request=request_of([["x-name", "ann"]])))
    sessions = connected["sessions"]
    for count in (1, 2):
        call = call_of("event", event="join", wantsAck=True, sessions=sessions)
        _, reply = post(chat, call, ["room"])
        assert reply["ack"] == [[SID, "room"], "ann", b"\x00\xff"]
        sessions = reply["sessions"]
        assert json.loads(sessions["flask"])["joined"] == count
    assert [message["room"] for message in queue.published if message.get("method") == "enter_room"] == ["room"] * 2


def test_a_handler_that_raises_acknowledges_nothing_and_names_the_class_alone(chat):
    _, reply = post(chat, call_of("event", event="fail", wantsAck=True))

    assert (reply["handled"], reply["ack"], reply["error"]) == (True, None, "KeyError")


def test_an_event_without_a_handler_is_said_to_be_unhandled(chat):
    _, reply = post(chat, call_of("event", event="unknown", wantsAck=True), [1])

    assert (reply["handled"], reply["ack"], reply["error"]) == (False, None, None)


def test_without_the_secret_nothing_runs(chat, queue):
    for secret in ("", "wrong", SECRET + "x"):
        assert post(chat, call_of("connect"), authorization=f"Bearer {secret}")[0] == 401
    assert queue.published == []


def test_an_application_without_a_message_queue_is_refused_at_start():
    with pytest.raises(socketio_bridge.InvalidOptionError, match="no message queue"):
        socketio_bridge.wsgi(socketio.Server(async_mode="threading"), secret=SECRET)


def test_other_requests_get_to_the_application(chat):
    status, answer = send_wsgi(chat, b"", method="GET", path="/", authorization=None)

    assert (status, b"Not Found" in answer) == (404, True)


def test_without_an_application_other_requests_are_not_found(queue):
    app = socketio_bridge.wsgi(socketio.Server(client_manager=queue, async_mode="threading"), secret=SECRET)

    assert send_wsgi(app, b"", method="GET", path="/")[0] == 404


def test_the_path_in_the_environment_is_decoded(queue):
    server = socketio.Server(client_manager=queue, async_mode="threading")
    seen = []
    server.on("connect", lambda _sid, environ, _auth: seen.append(environ["PATH_INFO"]))
    app = socketio_bridge.wsgi(server, secret=SECRET)

    post(app, call_of("connect", request=request_of(path="/socket.io/caf%C3%A9")))

    assert [path.encode("latin1").decode() for path in seen] == ["/socket.io/café"]


def numbered(number, **fields):
    return call_of("event", **{"id": f"call-{number}", "event": "number", "wantsAck": True, **fields}), [number]


def serve_numbers(queue):
    """Return an application, and the numbers that its handler has got."""
    app, seen = flask.Flask(__name__), []
    app.secret_key = "k"
    io = flask_socketio.SocketIO(app, client_manager=queue, async_mode="threading")

    @io.on("number")
    def handle(value):
        seen.append(value)
        return value

    return socketio_bridge.wsgi(io, app.wsgi_app, secret=SECRET), seen


def open_batch(app, *calls):
    """Return the response, of which nothing has been asked for yet."""
    started = []
    environ = {**wsgi_environ_of(batch_of(*calls), content_type=BATCH_TYPE), "REMOTE_PORT": 50000}
    parts = iter(app(environ, lambda status, headers: started.append((status, dict(headers)))))
    headers = {"Content-Type": BATCH_TYPE, "X-Accel-Buffering": "no", "Socketio-Bridge-Peer-Port": "50000"}
    assert started == [("200 OK", headers)]
    # gunicorn sends them when it gets the first part.
    assert next(parts) == b""
    return parts


def test_the_calls_of_a_batch_run_one_after_the_other_each_after_the_reply_to_the_last(queue):
    app, seen = serve_numbers(queue)
    parts = open_batch(app, *map(numbered, range(3)))

    for number in range(3):
        assert seen == list(range(number))
        [(replied, status, reply)] = replies_of(next(parts))
        assert (replied, status, reply["ack"]) == (number, 200, [number])
    assert next(parts, None) is None


def test_a_call_of_a_batch_fails_alone(queue, monkeypatch):
    app, seen = serve_numbers(queue)
    open_sessions = Sessions.open

    def fail_for_one(call, environ):
        if call.id == "call-2":
            raise SystemError("of no handler")
        return open_sessions(call, environ)

    monkeypatch.setattr(Sessions, "open", fail_for_one)
    parts = open_batch(app, numbered(0), numbered(1, kind="nonsense"), b"2\n{}", numbered(2), numbered(3))

    replies = replies_of(b"".join(parts))
    assert [(number, status) for number, status, _ in replies] == [(0, 200), (1, 400), (2, 400), (3, 500), (4, 200)]
    assert "nonsense" in replies[1][2]["error"]
    assert replies[3][2]["error"] == "SystemError"
    assert seen == [0, 3]


def test_what_ends_a_handler_and_no_thread_ends_no_other_call_of_the_batch(queue):
    class Timeout(BaseException):
        """As that of gevent, and that of eventlet."""

    server = socketio.Server(client_manager=queue, async_mode="threading")
    raised = [Timeout(), SystemExit()]

    @server.on("number")
    def handle(_sid, value):
        if value == 0:
            raise raised.pop(0)
        return value

    app = socketio_bridge.wsgi(server, secret=SECRET)
    parts = open_batch(app, numbered(0), numbered(1))
    [(_, status, reply)] = replies_of(next(parts))
    assert (status, reply["error"], reply["acknowledges"]) == (200, "Timeout", False)
    [(_, status, reply)] = replies_of(next(parts))
    assert (status, reply["error"], reply["ack"]) == (200, None, [1])
    with pytest.raises(SystemExit):
        list(open_batch(app, numbered(0), numbered(1)))


def test_a_batch_that_is_none_is_refused_as_a_whole(queue):
    app, seen = serve_numbers(queue)
    endless = b" ".join([b"0"] * 1_001) + b"\n"
    for body in (b"", b"5\nhello", b"1 x\n{}", batch_of(numbered(0), numbered(1)) + b"more", endless):
        assert send_wsgi(app, body, content_type=BATCH_TYPE)[0] == 400
    assert seen == []


def test_a_reply_says_which_process_has_made_it_and_how_long_that_took(chat):
    _, reply = post(chat, call_of("event", event="fail"))

    assert reply["process"] == os.getpid()
    assert 0 < reply["took"] < 60_000


def test_a_manager_that_the_application_has_started_itself_is_not_waited_for(queue):
    server = socketio.Server(client_manager=queue, async_mode="threading")
    server.on("number", lambda _sid, value: value)
    server.manager_initialized = True
    app = socketio_bridge.wsgi(server, secret=SECRET)

    _, reply = post(app, *numbered(7))

    assert reply["ack"] == [7]
    assert queue.heard is None
