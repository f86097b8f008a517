"""What a handler may ask and do of its client: each test ends with a check that nothing of it stays behind."""

import json
import math
import threading

import flask
import flask_socketio
import pytest
import socketio

from socketio_bridge import wsgi
from socketio_bridge.calls import read_call
from socketio_bridge.errors import InvalidOptionError
from socketio_bridge.worker import Worker
from tests.support import RELEASE, SECRET, SID, Queue, call_of, emitted, methods, post, request_of

MARK = {"method": "edge_mark", "mark": "call-1"}


@pytest.fixture
def queue():
    return Queue()


@pytest.fixture
def server(queue):
    return socketio.Server(client_manager=queue, async_mode="threading")


@pytest.fixture
def worker(server):
    worker = Worker(server, {})
    yield worker
    assert_nothing_remains(worker)


@pytest.fixture
def io(queue):
    app = flask.Flask(__name__)
    app.secret_key = "k"
    return flask_socketio.SocketIO(app, client_manager=queue, async_mode="threading")


@pytest.fixture
def flask_worker(io):
    worker = Worker(io.server, {"flask.app": io.sockio_mw.flask_app})
    yield worker
    assert_nothing_remains(worker)


def assert_nothing_remains(worker):
    seams, server = worker._seams, worker._server
    assert not seams._by_sid
    assert not seams._by_eio_sid
    assert not server.environ
    assert not server.manager.rooms
    assert not server.manager.pending_disconnect


def handle(worker, kind, args=(), **fields):
    return worker.handle(read_call(call_of(kind, wantsAck=kind == "event", **fields), list(args)))


def test_rooms_are_those_of_the_call_and_follow_what_the_handler_does(server, worker, queue):
    @server.event
    def echo(sid):
        steps = [server.rooms(sid)]
        server.enter_room(sid, "b")
        server.enter_room(sid, "b")
        steps.append(server.rooms(sid))
        server.leave_room(sid, "a")
        server.leave_room(sid, "never entered")
        steps.append(server.rooms(sid))
        server.close_room("b")
        server.close_room("c", namespace="/other")
        steps.append(server.rooms(sid))
        server.rooms(sid).append("of the caller alone")
        return (*steps, server.rooms(sid))

    reply = handle(worker, "event", rooms=[SID, "a", "c"])

    assert reply.ack == [[SID, "a", "c"], [SID, "a", "c", "b"], [SID, "c", "b"], [SID, "c"], [SID, "c"]]
    assert methods(queue) == [
        *["enter_room", "enter_room", "leave_room", "leave_room", "close_room", "close_room"],
        "edge_mark",
    ]
    assert reply.marked


def test_what_nobody_has_published_has_no_mark(server, worker, queue):
    server.on("echo", lambda _sid: None)

    assert not handle(worker, "event").marked
    assert queue.published == []


def test_a_mark_that_cannot_be_published_is_not_waited_for(server, worker, queue, monkeypatch):
    def publish(data):
        if data["method"] == "edge_mark":
            raise ConnectionError("the queue is away")

    monkeypatch.setattr(queue, "_publish", publish)
    worker = Worker(server, {})
    server.on("echo", lambda sid: server.emit("a", to=sid) or "done")
    reply = handle(worker, "event")

    assert (reply.ack, reply.marked, reply.error) == (["done"], False, None)


def test_disconnect_is_asked_of_the_edge_and_runs_no_handler_here(server, worker, queue):
    runs = []
    server.on("echo", server.disconnect)
    server.on("disconnect", lambda *args: runs.append(args))
    handle(worker, "event")

    assert [(message["method"], message.get("sid")) for message in queue.published] == [
        ("disconnect", SID),
        ("edge_mark", None),
    ]
    assert runs == []


def test_a_disconnect_handler_knows_its_client_and_the_reason(server, worker):
    runs = []

    @server.event
    def disconnect(sid, *reason):
        runs.append((sid, reason, server.rooms(sid), server.get_session(sid), bool(server.get_environ(sid))))

    handle(worker, "disconnect", rooms=[SID, "a"], sessions={"own": {"/": {"name": "ann"}}})

    reason = ("transport close",) if RELEASE >= (5, 12) else ()
    assert runs == [(SID, reason, [SID, "a"], {"name": "ann"}, True)]


def test_a_disconnect_handler_may_do_without_the_reason(server, worker):
    runs = []

    @server.event
    def disconnect(sid):
        runs.append(sid)

    assert handle(worker, "disconnect").error is None
    assert runs == [SID]


def test_sessions_are_read_and_stored_by_namespace(server, worker):
    @server.on("echo", namespace="/chat")
    def echo(sid):
        before = dict(server.get_session(sid, namespace="/chat"))
        server.save_session(sid, {"saved": True}, namespace="/chat")
        with server.session(sid, namespace="/chat") as session:
            session["inside"] = [1]
        return before

    sessions = {"own": {"/": {"other": 1}, "/chat": {"name": "ann"}}}
    reply = handle(worker, "event", namespace="/chat", sessions=sessions)

    assert reply.ack == [{"name": "ann"}]
    assert reply.sessions == {"own": {"/": {"other": 1}, "/chat": {"saved": True, "inside": [1]}}}


def test_the_session_that_a_handler_stores_before_it_raises_is_kept(server, worker):
    @server.event
    def echo(sid):
        server.save_session(sid, {"saved": True})
        raise LookupError

    reply = handle(worker, "event")

    assert (reply.error, reply.sessions) == ("LookupError", {"own": {"/": {"saved": True}}})


def test_the_environ_is_that_of_the_client(server, worker):
    @server.event
    def echo(sid):
        environ = server.get_environ(sid)
        return environ["HTTP_X_NAME"], environ["REMOTE_ADDR"], environ["REMOTE_PORT"]

    assert handle(worker, "event", request=request_of([["X-Name", "ann"]])).ack == ["ann", "192.0.2.7", "4711"]


@pytest.mark.skipif(RELEASE < (5, 12), reason="transport() of python-socketio before 5.12 takes no sid of a client")
@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_the_transport_is_that_of_the_client(server, worker, transport):
    server.on("echo", server.transport)

    assert handle(worker, "event", transport=transport).ack == [transport]


def test_of_other_clients_nothing_is_known(server, worker, queue):
    @server.event
    def echo(_sid):
        server.enter_room("other", "a")
        with pytest.raises(KeyError):
            server.get_session("other")
        return server.rooms("other"), server.rooms(SID, namespace="/chat"), server.get_environ("other")

    assert handle(worker, "event").ack == [[], [], None]
    assert (queue.published[0]["method"], queue.published[0]["sid"]) == ("enter_room", "other")


def test_the_acknowledgement_of_an_emit_gets_to_its_callback(server, worker, queue):
    answers = []
    server.on("echo", lambda sid: server.emit("ask", 1, to=sid, callback=lambda *args: answers.append(args)))
    handle(worker, "event")
    (sid, _, number), host = queue.published[0]["callback"], queue.published[0]["host_id"]
    queue._handle_callback({"method": "callback", "host_id": host, "sid": sid, "id": number, "args": ["yes", 2]})

    assert answers == [("yes", 2)]


def test_emits_come_before_the_mark_in_their_order(server, worker, queue):
    @server.event
    def echo(sid):
        server.emit("a", 1, to=sid)
        server.emit("b", ("x", "y"), room="room", skip_sid=sid)
        server.send("c", to=sid)

    reply = handle(worker, "event")

    assert emitted(queue) == [("a", [1], SID), ("b", ["x", "y"], "room"), ("message", ["c"], SID)]
    assert (queue.published[-1], reply.ack) == (MARK, [])


@pytest.mark.parametrize(
    ("result", "ack"),
    [(None, []), (1, [1]), ((), []), ((1, 2), [1, 2]), ([1, 2], [[1, 2]]), (False, [False]), (b"x", [b"x"])],
)
def test_results_are_acknowledged_as_by_python_socketio(server, worker, result, ack):
    server.on("echo", lambda _sid: result)

    assert handle(worker, "event").ack == ack


def test_methods_of_a_class_are_handlers(server, worker, queue):
    class Chat(socketio.Namespace):
        def on_connect(self, sid, environ):
            self.emit("welcome", environ["HTTP_X_NAME"], to=sid)

        def on_echo(self, sid, data):
            self.enter_room(sid, "a")
            self.save_session(sid, {"data": data})
            return self.rooms(sid), self.get_session(sid)

        def on_disconnect(self, sid, *_reason):
            self.emit("left", sid)

    server.register_namespace(Chat("/chat"))
    connected = handle(worker, "connect", namespace="/chat", request=request_of([["x-name", "ann"]]))
    event = handle(worker, "event", [1], namespace="/chat")
    unknown = handle(worker, "event", [1], namespace="/chat", event="unknown")
    disconnected = handle(worker, "disconnect", namespace="/chat")

    assert (connected.accepted, connected.error, disconnected.error, unknown.error) == (True, None, None, None)
    assert event.ack == [[SID, "a"], {"data": 1}]
    assert emitted(queue) == [("welcome", ["ann"], SID), ("left", [SID], None)]
    assert worker.describe()["handlers"]["/chat"] == {"events": ["echo"], "any": False}


def test_a_catch_all_handler_gets_what_no_other_takes(server, worker):
    server.on("*", lambda event, sid, *args: (event, sid, *args))
    server.on("echo", lambda _sid: "its own")

    assert handle(worker, "event", [1, 2], event="any").ack == ["any", SID, 1, 2]
    assert handle(worker, "event").ack == ["its own"]
    assert worker.describe()["handlers"]["/"] == {"events": ["echo"], "any": True}


@pytest.mark.skipif(RELEASE < (5, 11), reason="catch-all namespaces came with python-socketio 5.11")
def test_a_catch_all_namespace_gets_what_no_other_takes(queue):
    server = socketio.Server(client_manager=queue, async_mode="threading", namespaces="*")
    server.on("connect", lambda namespace, sid, *_rest: server.emit("hello", namespace, to=sid), namespace="*")
    server.on("echo", lambda namespace, sid, data: (namespace, sid, data), namespace="*")
    server.on("*", lambda event, namespace, sid, data: (event, namespace, sid, data), namespace="*")
    worker = Worker(server, {})

    connected = handle(worker, "connect", namespace="/any")
    assert (connected.accepted, connected.error, emitted(queue)) == (True, None, [("hello", ["/any"], SID)])
    assert handle(worker, "event", [1], namespace="/any").ack == ["/any", SID, 1]
    assert handle(worker, "event", [1], namespace="/any", event="x").ack == ["x", "/any", SID, 1]
    assert_nothing_remains(worker)


def refuse_with(error):
    def connect(*_args):
        raise error

    return connect


REFUSALS = [
    (lambda *_: False, {"message": "Connection rejected by server"}),
    (refuse_with(socketio.exceptions.ConnectionRefusedError()), {"message": "Connection rejected by server"}),
    (refuse_with(socketio.exceptions.ConnectionRefusedError("no")), {"message": "no"}),
    (refuse_with(socketio.exceptions.ConnectionRefusedError(403)), {"message": "403"}),
    (refuse_with(socketio.exceptions.ConnectionRefusedError("no", {"a": 1})), {"message": "no", "data": {"a": 1}}),
    (refuse_with(socketio.exceptions.ConnectionRefusedError("no", 1, 2)), {"message": "no", "data": [1, 2]}),
]


@pytest.mark.parametrize(("connect", "refusal"), REFUSALS)
@pytest.mark.parametrize("always_connect", [False, True])
def test_a_client_is_refused_with_what_python_socketio_would_send(queue, connect, refusal, always_connect):
    server = socketio.Server(client_manager=queue, async_mode="threading", always_connect=always_connect)
    server.on("connect", connect)
    worker = Worker(server, {})
    reply = handle(worker, "connect")

    assert (reply.accepted, json.loads(json.dumps(reply.refusal)), reply.error) == (False, refusal, None)
    assert worker.describe()["alwaysConnect"] is always_connect
    assert_nothing_remains(worker)


@pytest.mark.parametrize("error", [ConnectionRefusedError("no"), RuntimeError("no")])
def test_a_client_whose_connect_handler_raises_is_not_accepted_without_an_error(server, worker, error):
    server.on("connect", refuse_with(error))
    reply = handle(worker, "connect")

    assert reply.error == type(error).__name__ or not reply.accepted


@pytest.mark.parametrize("auth", [[], [{"token": 1}], [None]])
def test_connect_handlers_get_the_authentication(server, worker, auth):
    seen = []
    server.on("connect", lambda _sid, _environ, auth: seen.append(auth))

    assert handle(worker, "connect", auth).accepted
    assert seen == (auth or [None])


def test_connect_handlers_may_do_without_the_authentication(server, worker):
    seen = []
    server.on("connect", lambda sid, _environ: seen.append(sid))

    assert handle(worker, "connect").accepted
    assert seen == [SID]


def test_handlers_of_errors_answer_for_those_that_raise(io, flask_worker):
    @io.on("echo")
    @io.on("echo", namespace="/chat")
    def echo():
        flask.session["seen"] = True
        raise LookupError("x")

    io.on_error_default(lambda error: f"default: {error!r}")
    io.on_error("/chat")(lambda error: f"chat: {error!r}")
    default, chat = handle(flask_worker, "event"), handle(flask_worker, "event", namespace="/chat")

    assert (default.ack, default.error) == (["default: LookupError('x')"], None)
    assert chat.ack == ["chat: LookupError('x')"]
    assert json.loads(default.sessions["flask"]) == {"seen": True}


def test_methods_of_a_class_of_flask_are_handlers(io, flask_worker, queue):
    class Chat(flask_socketio.Namespace):
        def on_connect(self):
            flask.session["name"] = flask.request.args["name"]

        def on_echo(self, data):
            flask_socketio.join_room("a")
            self.emit("echoed", data, room="a")
            return flask_socketio.rooms(), flask.session["name"], flask.request.namespace  # type: ignore[attr-defined]  # Flask-SocketIO adds it

    io.on_namespace(Chat("/chat"))
    connected = handle(flask_worker, "connect", namespace="/chat", request=request_of(query="name=ann"))
    reply = handle(flask_worker, "event", [5], namespace="/chat", sessions=connected.sessions)

    assert (connected.accepted, reply.ack) == (True, [[SID, "a"], "ann", "/chat"])
    assert emitted(queue) == [("echoed", [5], "a")]


def test_a_session_that_flask_manages_does_not_travel(queue):
    app = flask.Flask(__name__)
    app.secret_key = "k"
    io = flask_socketio.SocketIO(app, client_manager=queue, async_mode="threading", manage_session=False)
    io.on("echo")(lambda: flask.session.update(a=1))
    worker = Worker(io.server, {"flask.app": app})
    reply = handle(worker, "event")

    assert (reply.error, reply.sessions) == (None, {})
    assert_nothing_remains(worker)


def test_flask_sessions_keep_the_types_of_flask(io, flask_worker):
    @io.on("echo")
    def echo():
        before = flask.session.get("pair")
        flask.session["pair"] = (1, b"x")
        return repr(before)

    first = handle(flask_worker, "event")

    assert first.ack == ["None"]
    assert handle(flask_worker, "event", sessions=first.sessions).ack == ["(1, b'x')"]


def test_a_session_of_flask_that_cannot_travel_stays_as_it_was(io, flask_worker):
    @io.on("echo")
    def echo():
        flask.session["a"] = object()
        return "done"

    sessions = {"flask": '{"a":1}'}
    reply = handle(flask_worker, "event", sessions=sessions)

    assert (reply.ack, reply.error, reply.sessions) == (["done"], "TypeError", sessions)


@pytest.mark.parametrize("value", [object(), b"bytes", math.nan, {1, 2}])
def test_a_session_that_cannot_travel_stays_as_it_was(server, value):
    server.on("echo", lambda sid: server.save_session(sid, {"a": value}))
    sessions = {"own": {"/": {"a": 1}}}
    status, reply = post(wsgi(server, secret=SECRET), call_of("event", wantsAck=True, sessions=sessions))

    assert (status, reply["sessions"]) == (200, sessions)
    assert reply["error"] in ("TypeError", "ValueError")
    assert not server.environ


@pytest.mark.parametrize("value", [object(), math.inf, {1: {2}}])
def test_a_refusal_that_cannot_travel_is_a_refusal(server, value):
    server.on("connect", refuse_with(socketio.exceptions.ConnectionRefusedError("no", value)))
    status, reply = post(wsgi(server, secret=SECRET), call_of("connect"))

    assert (status, reply["accepted"], reply["refusal"]) == (200, False, None)


def test_calls_of_one_client_at_the_same_time_do_not_mix(server, worker, queue):
    both_are_there = threading.Barrier(2, timeout=10)

    @server.event
    def echo(sid, name):
        server.enter_room(sid, name)
        both_are_there.wait()
        with server.session(sid) as session:
            session["name"] = name
        environ = server.get_environ(sid)
        both_are_there.wait()
        return server.rooms(sid), server.get_session(sid), environ["HTTP_X_NAME"]

    replies = {}

    def run(name):
        replies[name] = handle(worker, "event", [name], request=request_of([["x-name", name]]))

    threads = [threading.Thread(target=run, args=[name]) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for name in ("a", "b"):
        assert replies[name].ack == [[SID, name], {"name": name}, name]
        assert replies[name].sessions == {"own": {"/": {"name": name}}}
    assert methods(queue).count("edge_mark") == 2


def test_a_thread_of_a_handler_knows_the_client_while_the_call_runs(server, worker, queue):
    call_is_over = threading.Event()
    seen = []

    def outlive(sid):
        seen.append(server.rooms(sid))
        in_call.set()
        call_is_over.wait(timeout=10)
        seen.append(server.rooms(sid))
        server.emit("late", to=sid)

    in_call = threading.Event()
    threads = []

    @server.event
    def echo(sid):
        threads.append(server.start_background_task(outlive, sid))
        in_call.wait(timeout=10)

    assert not handle(worker, "event", rooms=[SID, "a"]).marked
    call_is_over.set()
    threads[0].join()

    assert seen == [[SID, "a"], []]
    assert methods(queue) == ["emit"]


@pytest.mark.parametrize("kind", ["connect", "event", "disconnect"])
@pytest.mark.parametrize("error", [LookupError, TypeError, KeyboardInterrupt, SystemExit])
def test_whatever_a_handler_raises_nothing_stays_behind(server, worker, kind, error):
    def fail(*_args):
        server.enter_room(SID, "a")
        raise error

    for event in ("connect", "echo", "disconnect"):
        server.on(event, fail)
    if issubclass(error, Exception):
        assert handle(worker, kind).error == error.__name__
    else:
        with pytest.raises(error):
            handle(worker, kind)


def test_the_channel_is_read_from_the_first_call_on(server, monkeypatch, queue):
    starts = []
    monkeypatch.setattr(queue, "initialize", lambda: starts.append(1))
    server.on("echo", lambda _sid: None)
    worker = Worker(server, {})
    assert starts == []

    handle(worker, "event")
    handle(worker, "event")
    assert starts == [1]


def test_two_workers_of_one_server_serve_both(server):
    server.on("echo", server.rooms)
    first, second = Worker(server, {}), Worker(server, {})

    for worker in (first, second):
        assert handle(worker, "event", rooms=["a"]).ack == [["a"]]
        assert_nothing_remains(worker)


def test_the_revision_changes_with_what_is_handled(queue):
    revisions = []
    for events in (["a"], ["a"], ["a", "b"]):
        server = socketio.Server(client_manager=queue, async_mode="threading")
        for event in events:
            server.on(event, lambda _sid: None)
        revisions.append(Worker(server, {}).describe()["revision"])

    assert revisions[0] == revisions[1] != revisions[2]


@pytest.mark.parametrize("method", ["_handle_connect", "_trigger_event", "_send_packet"])
def test_a_server_that_lacks_what_is_needed_is_refused_at_start(server, monkeypatch, method):
    monkeypatch.delattr(socketio.Server, method)

    with pytest.raises(
        InvalidOptionError, match=rf"python-socketio [0-9.]+: Server has no {method}; install a release"
    ):
        Worker(server, {})


@pytest.mark.parametrize(
    "method",
    [
        *("initialize", "connect", "pre_disconnect", "eio_sid_from_sid", "get_rooms"),
        *("enter_room", "leave_room", "close_room", "_handle_enter_room"),
    ],
)
def test_a_manager_that_lacks_what_is_needed_is_refused_at_start(server, monkeypatch, method):
    for owner in type(server.manager).__mro__:
        if method in vars(owner):
            monkeypatch.delattr(owner, method)

    with pytest.raises(InvalidOptionError, match=f"Queue has no {method}"):
        Worker(server, {})


@pytest.mark.parametrize("method", ["get_session", "transport"])
def test_an_engine_that_lacks_what_is_needed_is_refused_at_start(server, monkeypatch, method):
    for owner in type(server.eio).__mro__:
        if method in vars(owner):
            monkeypatch.delattr(owner, method)

    with pytest.raises(InvalidOptionError, match=f"Server has no {method}"):
        Worker(server, {})


class LateQueue(Queue):
    """Hears nothing of what is published at first, as until a subscription is through."""

    def __init__(self, missed):
        super().__init__()
        self.missed = missed
        self.tried = 0

    def _publish(self, data):
        self.tried += 1
        if self.tried > self.missed:
            super()._publish(data)


def test_no_handler_runs_before_the_process_hears_its_channel():
    queue = LateQueue(missed=3)
    server = socketio.Server(client_manager=queue, async_mode="threading")
    tried = []
    server.on("echo", lambda _sid: tried.append(queue.tried))
    worker = Worker(server, {})
    handle(worker, "event")
    handle(worker, "event")
    assert tried == [4, 4]


class AwayQueue(Queue):
    """Whose broker is away."""

    def _publish(self, data):
        raise ConnectionError(data["method"])


def test_a_handler_runs_where_the_queue_is_away(caplog):
    server = socketio.Server(client_manager=AwayQueue(), async_mode="threading")
    server.on("echo", lambda _sid: "done")
    assert handle(Worker(server, {}), "event", wants_ack=True).ack == ["done"]
    assert "the queue cannot be reached" in caplog.text


def test_handlers_for_every_namespace_serve_what_others_leave_to_them():
    server = socketio.Server(client_manager=Queue(), async_mode="threading", namespaces=["/", "/chat"])
    server.on("say", lambda _sid: None, namespace="/chat")
    server.on("where", lambda _namespace, _sid: None, namespace="*")
    told = Worker(server, {}).describe()["handlers"]
    assert told == {
        "/": {"events": ["where"], "any": False},
        "/chat": {"events": ["say", "where"], "any": False},
    }


def test_an_application_of_every_namespace_says_so():
    server = socketio.Server(client_manager=Queue(), async_mode="threading", namespaces="*")
    server.on("say", lambda _sid: None, namespace="/chat")
    server.on("*", lambda _event, _namespace, _sid: None, namespace="*")
    told = Worker(server, {}).describe()["handlers"]
    assert told == {"/chat": {"events": ["say"], "any": True}, "*": {"events": [], "any": True}}


def test_callbacks_of_a_client_are_forgotten_when_it_is_gone(server, worker):
    @server.event
    def echo(sid):
        server.emit("asked", to=sid, callback=lambda: None)

    handle(worker, "event")
    assert SID in server.manager.callbacks
    handle(worker, "disconnect")
    assert SID not in server.manager.callbacks
