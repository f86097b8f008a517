"""A real Flask-SocketIO application, called as the edge calls it."""

import json

import flask
import flask_socketio
import pytest
import socketio

import socketio_bridge
from tests.support import SECRET, SID, Queue, call_of, emitted, post, request_of, send_wsgi


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
