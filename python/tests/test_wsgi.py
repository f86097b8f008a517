"""A real Flask-SocketIO application, called as the edge calls it."""

import json
from io import BytesIO

import flask
import flask_socketio
import pytest
import socketio
from socketio.pubsub_manager import PubSubManager

import socketio_bridge
from socketio_bridge.body import BODY_TYPE, decode_body, encode_body

SECRET = "a-secret-of-the-tests"


class Queue(PubSubManager):
    """Keeps what is published."""

    def __init__(self):
        super().__init__(channel="tests")
        self.published = []

    def initialize(self):
        pass

    def _publish(self, data):
        self.published.append(json.loads(json.dumps(data)))


def request_of(headers=()):
    return {
        "method": "GET",
        "path": "/socket.io/",
        "query": "EIO=4&transport=websocket",
        "scheme": "http",
        "httpVersion": "1.1",
        "headers": [["host", "chat.example:8080"], *headers],
        "remoteAddress": "192.0.2.7",
        "remotePort": 4711,
    }


def call_of(kind, **fields):
    return {
        "id": "call-1",
        "kind": kind,
        "sid": "s" * 20,
        "namespace": "/",
        "connection": "c",
        "transport": "websocket",
        "request": request_of(),
        "rooms": ["s" * 20],
        "sessions": {},
        **fields,
    }


def post(app, value, args=None, secret=SECRET):
    body = encode_body(value, args or [])
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/socketio-bridge",
        "CONTENT_TYPE": BODY_TYPE,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
        "HTTP_AUTHORIZATION": f"Bearer {secret}",
    }
    seen = {}

    def start_response(status, headers):
        seen.update(status=status, headers=dict(headers))

    answer = b"".join(app(environ, start_response))
    head, args = decode_body(answer)
    return seen["status"], {**head, "ack": args if head.get("acknowledges") else None}


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
        flask_socketio.emit("welcome", flask.request.sid)

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

    assert status == "200 OK"
    assert reply["accepted"] is True
    assert reply["error"] is None
    assert reply["marked"] is True
    assert [(message.get("event"), message.get("data"), message.get("room")) for message in queue.published] == [
        ("welcome", ["s" * 20], "s" * 20),
        (None, None, None),
    ]
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
        assert reply["ack"] == [["s" * 20, "room"], "ann", b"\x00\xff"]
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
        assert post(chat, call_of("connect"), secret=secret)[0] == "401 Unauthorized"
    assert queue.published == []


def test_an_application_without_a_message_queue_is_refused_at_start():
    with pytest.raises(socketio_bridge.InvalidOptionError, match="no message queue"):
        socketio_bridge.wsgi(socketio.Server(async_mode="threading"), secret=SECRET)
