"""Hostile calls, of the one who knows the secret and of those who do not. Nothing may raise, and no handler may run."""

import json
from typing import Any

import pytest
import socketio

import socketio_bridge
from socketio_bridge.body import decode_body, encode_body
from socketio_bridge.endpoint import MAX_BODY
from tests.support import (
    SECRET,
    SID,
    AsyncQueue,
    Queue,
    call_of,
    nested,
    post,
    request_of,
    send_asgi,
    send_wsgi,
)


class Endpoint:
    """One application behind either interface."""

    def __init__(self, kind, secret=SECRET):
        self.is_async = kind == "asgi"
        self.runs = []
        self.environs = []
        self.queue = AsyncQueue() if self.is_async else Queue()
        self.server = self._server()
        serve = socketio_bridge.asgi if self.is_async else socketio_bridge.wsgi
        self.app = serve(self.server, secret=secret)

    def _server(self):
        if self.is_async:
            server = socketio.AsyncServer(client_manager=self.queue, async_mode="asgi")
        else:
            server = socketio.Server(client_manager=self.queue, async_mode="threading")

        @server.on("connect")
        def connect(sid, environ, auth):
            self.runs.append(("connect", sid, auth))
            self.environs.append(environ)

        @server.on("disconnect")
        def disconnect(sid, *_reason):
            self.runs.append(("disconnect", sid))

        @server.on("echo")
        def echo(sid, *args):
            self.runs.append(("echo", sid))
            return args

        @server.on("*")
        def rest(event, sid, *_args):
            self.runs.append((event, sid))
            return "rest"

        return server

    def send(self, body, **options):
        send = send_asgi if self.is_async else send_wsgi
        status, answer = send(self.app, body, **options)
        return status, decode_body(answer)[0]

    def post(self, value, args=None):
        return post(self.app, value, args, send=send_asgi if self.is_async else send_wsgi)


@pytest.fixture(params=["wsgi", "asgi"])
def endpoint(request):
    return Endpoint(request.param)


def refused(endpoint, response, why=""):
    status, answer = response
    assert (status, endpoint.runs, endpoint.queue.published) == (400, [], [])
    assert why in answer["error"]
    assert not endpoint.server.environ
    return True


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", SECRET, f"Basic {SECRET}", f"Bearer {SECRET}x", "Bearer \xff\xfe"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_who_does_not_know_the_secret_learns_nothing(endpoint, method, authorization):
    status, answer = endpoint.send(encode_body(call_of("connect"), []), method=method, authorization=authorization)

    assert (status, answer) == (401, {"error": "the secret is missing or wrong"})
    assert endpoint.runs == []


@pytest.mark.parametrize("kind", ["wsgi", "asgi"])
def test_while_a_secret_is_replaced_both_are_accepted(kind):
    endpoint = Endpoint(kind, secret=f" {'n' * 16}\n{'o' * 16} ")
    statuses = [
        endpoint.send(b"", method="GET", authorization=f"Bearer {secret}")[0]
        for secret in ("n" * 16, "o" * 16, f"{'n' * 16} {'o' * 16}", "n" * 15)
    ]

    assert statuses == [200, 200, 401, 401]


@pytest.mark.parametrize(
    ("secret", "why"),
    [("", "is not set"), (" \n", "is not set"), ("x" * 15, "shorter than 16"), ("é" * 16, "beyond ASCII")],
)
@pytest.mark.parametrize("kind", ["wsgi", "asgi"])
def test_a_secret_that_is_none_is_refused_at_start(kind, secret, why):
    with pytest.raises(socketio_bridge.InvalidOptionError, match=why):
        Endpoint(kind, secret=secret)


def test_the_secret_may_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("SOCKETIO_BRIDGE_SECRET", SECRET)
    assert Endpoint("wsgi", secret=None).send(b"", method="GET")[0] == 200

    monkeypatch.delenv("SOCKETIO_BRIDGE_SECRET")
    with pytest.raises(socketio_bridge.InvalidOptionError, match="is not set"):
        Endpoint("wsgi", secret=None)


@pytest.mark.parametrize("method", ["PUT", "HEAD", "OPTIONS", ""])
def test_other_methods_are_refused(endpoint, method):
    assert endpoint.send(b"", method=method)[0] == 405


@pytest.mark.parametrize("length", [None, "x", "-1", "+1", "1.0", "\xb2", "0x10"])
def test_a_length_that_is_none_is_missing(endpoint, length):
    assert endpoint.send(b"", length=length)[0] == 411


@pytest.mark.parametrize("length", [str(MAX_BODY + 1), "9" * 11, "9" * 10_000])
def test_a_body_beyond_the_limit_is_refused_unread(endpoint, length):
    assert endpoint.send(b"", length=length)[0] == 413


def test_a_body_of_the_limit_is_read(endpoint):
    head = json.dumps(call_of("event")).encode()
    line = b"%d %d %d\n"
    size = MAX_BODY - len(head) - 2 - len(line % (len(head), 2, MAX_BODY))
    body = (line % (len(head), 2, size)) + head + b"[]" + bytes(size)

    assert len(body) == MAX_BODY
    assert endpoint.send(body)[0] == 200


@pytest.mark.parametrize("difference", [-1, 1])
def test_a_length_that_lies_is_refused(endpoint, difference):
    body = encode_body(call_of("event"), [])

    assert refused(endpoint, endpoint.send(body, length=str(len(body) + difference)))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        b"no newline",
        b"2 2",
        b"2\n{}",
        b" 2 2\n{}[]",
        b"2 2 \n{}[]",
        b"2  2\n{}[]",
        b"2\t2\n{}[]",
        b"2 2\r\n{}[]",
        b"-2 2\n{}[]",
        b"2 -2\n{}[]",
        b"+2 2\n{}[]",
        "²".encode() + b" 2\n{}[]",
        b"2 2\n{}[",
        b"2 2\n{}[]x",
        b"2 3\n{}[]",
        b"2 9999999999\n{}[]",
        b"2 99999999999\n{}[]",
        b"2 " + b"9" * 10_000 + b"\n{}[]",
        b"2 2" + b" 0" * 50_001 + b"\n{}[]",
        b"1 " * 400_000,
        b"2 2\n[][]",
        b"2 2\n{}{}",
        b"2 4\n{}null",
        b"2 2\n{][]",
        b"0 0\n",
        b"2 5\n{}[NaN]",
        b"2 11\n{}[-Infinity]",
        b"2 4\n{}\xff\xfe[]",
        b"2 10002\n{}[" + b"9" * 10_000 + b"]",
        b"2 100000\n{}" + b"[" * 100_000,
        b"2 200000\n{}" + b"[" * 100_000 + b"]" * 100_000,
        b"500000 2\n" + b'{"a":' * 100_000 + b"[]",
    ],
    ids=lambda body: repr(body[:20]),
)
def test_a_body_of_another_form_is_refused(endpoint, body):
    assert refused(endpoint, endpoint.send(body))


@pytest.mark.parametrize("number", [1, -1, 10**30, 0.0, True, False, None, "0", [], {}])
def test_a_placeholder_without_bytes_is_refused(endpoint, number):
    head = json.dumps(call_of("event")).encode()
    args = json.dumps([{"a": [{"_placeholder": True, "num": number}]}]).encode()
    body = b"%d %d 3\n" % (len(head), len(args)) + head + args + b"abc"

    assert refused(endpoint, endpoint.send(body), "a placeholder without bytes")


@pytest.mark.parametrize("value", [{"_placeholder": True, "num": 0}, {"_placeholder": True}])
def test_without_bytes_a_placeholder_is_an_object(endpoint, value):
    _, reply = endpoint.post(call_of("event", wantsAck=True), [value])

    assert reply["ack"] == [value]


def test_bytes_come_back_where_they_were(endpoint):
    args = [b"a", {"b": [b"", {"c": b"\n\x00"}]}, {"_placeholder": 1, "num": 0}]
    _, reply = endpoint.post(call_of("event", wantsAck=True), args)

    assert reply["ack"] == args


WRONG: list[Any] = [None, 5, 1.5, True, "", "text", [], {}]

STRINGS = ["id", "kind", "sid", "namespace", "connection", "transport"]


def wrong(*right):
    return [value for value in WRONG if not isinstance(value, right) or (bool not in right and value is True)]


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        *[("event", key, value) for key in [*STRINGS, "event"] for value in wrong(str)],
        *[("disconnect", "reason", value) for value in wrong(str)],
        *[("connect", key, value) for key in ("request", "sessions") for value in wrong(dict)],
        *[("connect", "rooms", value) for value in wrong(list)],
        *[("event", "wantsAck", value) for value in wrong(bool)],
        ("event", "rooms", [["a"]]),
        ("event", "rooms", [{}]),
        ("event", "kind", "CONNECT"),
        ("event", "kind", "_handle_connect"),
        ("event", "namespace", ""),
        ("event", "namespace", "*"),
        ("event", "namespace", "chat"),
    ],
)
def test_a_field_of_another_type_is_refused_by_name(endpoint, kind, key, value):
    assert refused(endpoint, endpoint.post(call_of(kind, **{key: value})), key)


@pytest.mark.parametrize("key", [*STRINGS, "request", "rooms", "sessions", "event"])
def test_a_field_that_is_missing_is_refused_by_name(endpoint, key):
    call = call_of("event")
    del call[key]

    assert refused(endpoint, endpoint.post(call), key)


REQUEST_TEXTS = ["method", "path", "query", "scheme", "httpVersion", "remoteAddress"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *[(key, value) for key in REQUEST_TEXTS for value in wrong(str)],
        *[(key, value) for key in REQUEST_TEXTS for value in ("a\nb", "a\rb", "a\x00b", "\u0100", "\ud800")],
        *[("remotePort", value) for value in (*wrong(int), -1, 65_536, 10**30)],
        *[("headers", value) for value in wrong(list)],
        *[
            ("headers", [entry])
            for entry in (*wrong(list), [], ["a"], ["a", "b", "c"], ["a", 1], [1, "a"], [["a"], "b"])
        ],
    ],
)
def test_a_field_of_the_request_that_no_request_has_is_refused(endpoint, key, value):
    call = call_of("connect", request={**request_of(), key: value})

    assert refused(endpoint, endpoint.post(call), "" if key == "headers" and value else key)


@pytest.mark.parametrize("name", ["", " ", "a b", "a:", "a\nb", "a\r\nb: c", "a\x00", "é", "\u0100", "a=b", "\ud800"])
def test_a_header_whose_name_no_request_has_is_refused(endpoint, name):
    assert refused(endpoint, endpoint.post(call_of("connect", request=request_of([[name, "v"]]))), "name of a header")


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\r\nX-Admin: 1", "\x00", "\u0100", "\ud800"])
def test_a_header_whose_value_no_request_has_is_refused(endpoint, value):
    assert refused(endpoint, endpoint.post(call_of("connect", request=request_of([["x-a", value]]))), "x-a")


def test_headers_set_nothing_in_the_environment_but_headers(endpoint):
    endpoint.post(call_of("connect"))
    headers = [
        [name, "evil"]
        for name in (
            *("wsgi.url_scheme", "wsgi.input", "WSGI.ERRORS", "flask.app", "saved_session", "saved-session"),
            *("request-method", "REQUEST_METHOD", "path-info", "remote-addr", "remote_user", "script-name"),
            *("content-length", "content_length", "content_type", "http_host", "x_forwarded_for", "server-name"),
        )
    ]
    endpoint.post(call_of("connect", request=request_of(headers)))
    plain, attacked = (
        {name: value for name, value in environ.items() if name not in ("wsgi.input", "wsgi.errors", "asgi.scope")}
        for environ in endpoint.environs
    )

    added = {name for name in attacked if name not in plain}
    assert all(name.startswith("HTTP_") for name in added)
    assert not added & {"HTTP_X_FORWARDED_FOR", "HTTP_REMOTE_USER", "HTTP_HTTP_HOST", "HTTP_CONTENT_LENGTH"}
    assert {name: attacked[name] for name in plain} == plain


def test_headers_that_come_more_than_once_are_joined(endpoint):
    headers = [["Cookie", "a=1"], ["cookie", "b=2"], ["X-A", "1"], ["x-a", "2"], ["content-type", "text/\xff"]]
    endpoint.post(call_of("connect", request=request_of(headers)))
    (environ,) = endpoint.environs

    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert (environ["HTTP_X_A"], environ["CONTENT_TYPE"]) == ("1,2", "text/\xff")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("a.example", ("a.example", "80")),
        ("a.example:81", ("a.example", "81")),
        ("[::1]:81", ("[::1]", "81")),
        ("[::1]", ("[::1]", "80")),
        ("a:\xb2", ("a:\xb2", "80")),
        ("", ("localhost", "80")),
        (":", (":", "80")),
    ],
)
def test_the_host_of_a_client_is_what_the_server_is_called(endpoint, host, expected):
    endpoint.post(call_of("connect", request={**request_of(), "headers": [["host", host]]}))
    (environ,) = endpoint.environs

    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == expected


@pytest.mark.parametrize(
    "flask",
    [
        *wrong(str),
        "",
        "{",
        "[]",
        "[1]",
        "5",
        "null",
        '"text"',
        '{" u":"no uuid"}',
        '{" u":5}',
        '{"a":{" b":5}}',
        '{"a":{" b":"\u0100"}}',
        '{"a":{" di":[1]}}',
        '{"a":{" t":5}}',
        "[" * 100_000,
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_forged_session_of_flask_is_refused(endpoint, flask):
    assert refused(endpoint, endpoint.post(call_of("event", sessions={"flask": flask})), "no tagged JSON")


@pytest.mark.parametrize("own", [*wrong(dict), {"/": None}, {"/": []}, {"/": "x"}, {"/": {}, "/a": 5}])
def test_a_forged_session_of_a_namespace_is_refused(endpoint, own):
    assert refused(endpoint, endpoint.post(call_of("event", sessions={"own": own})), "no object")


@pytest.mark.parametrize("sessions", [{}, {"own": {}}, {"own": {"/nowhere": {"a": 1}}}, {"unknown": [1]}])
def test_other_sessions_are_ignored(endpoint, sessions):
    status, reply = endpoint.post(call_of("event", wantsAck=True, sessions=sessions))

    assert (status, reply["ack"], reply["error"]) == (200, [], None)


@pytest.mark.parametrize("event", ["connect", "disconnect", "*"])
@pytest.mark.parametrize("namespace", ["/", "/unknown"])
def test_an_event_with_a_reserved_name_runs_no_handler(endpoint, event, namespace):
    call = call_of("event", event=event, namespace=namespace, wantsAck=True)
    status, reply = endpoint.post(call, ["another sid", {}])

    assert (status, reply["handled"], reply["ack"], reply["error"]) == (200, False, None, None)
    assert (endpoint.runs, endpoint.queue.published) == ([], [])


@pytest.mark.parametrize("event", ["connect", "disconnect", "*", "trigger_event"])
def test_an_event_with_a_reserved_name_runs_no_method_of_a_class(event):
    runs = []

    class Chat(socketio.Namespace):
        def on_connect(self, *args):
            runs.append(args)

        def on_disconnect(self, *args):
            runs.append(args)

    server = socketio.Server(client_manager=Queue(), async_mode="threading")
    server.register_namespace(Chat("/"))
    status, reply = post(socketio_bridge.wsgi(server, secret=SECRET), call_of("event", event=event), ["x"])

    assert (status, reply["error"], runs) == (200, None, [])


@pytest.mark.parametrize("event", ["", "unknown", "__class__", "\ud800", "a\nb", "x" * 100_000])
def test_any_other_name_is_an_event(endpoint, event):
    status, reply = endpoint.post(call_of("event", event=event, wantsAck=True), [1])

    assert (status, reply["ack"], endpoint.runs) == (200, ["rest"], [(event, SID)])


def test_nobody_enters_a_namespace_that_is_not_there(endpoint):
    status, reply = endpoint.post(call_of("connect", namespace="/unknown"))

    assert (status, reply["accepted"], endpoint.runs) == (200, False, [])


@pytest.mark.parametrize("kind", ["event", "disconnect"])
def test_in_a_namespace_that_is_not_there_nothing_runs(endpoint, kind):
    status, reply = endpoint.post(call_of(kind, namespace="/unknown"))

    assert (status, reply["error"], endpoint.runs) == (200, None, [])


@pytest.mark.parametrize("sid", ["", "unknown", "\ud800", "x" * 10_000])
@pytest.mark.parametrize("rooms", [[], ["unknown", 5, None, True, 1.5], ["r"] * 10_000])
def test_sids_and_rooms_are_taken_as_they_are(endpoint, sid, rooms):
    for kind in ("connect", "event", "disconnect"):
        status, reply = endpoint.post(call_of(kind, sid=sid, rooms=rooms))
        assert (status, reply["error"]) == (200, None)
    assert [run[1] for run in endpoint.runs] == [sid] * 3


def test_what_can_be_read_just_yet_can_be_answered(endpoint):
    statuses = set()
    for depth in range(100, 1_100, 25):
        value = json.dumps(call_of("event", wantsAck=True, sessions={"own": {"/": {"a": 0}}})).encode()
        value = value.replace(b'"a": 0', b'"a": ' + b"[" * depth + b"]" * depth)
        for args in (b"[0]", b"[" * depth + b"]" * depth):
            status, _ = endpoint.send(b"%d %d\n" % (len(value), len(args)) + value + args)
            statuses.add(status)

    assert statuses <= {200, 400}
    assert 200 in statuses


def test_an_answer_that_cannot_travel_is_left_out_and_the_session_is_kept(endpoint):
    endpoint.server.on("deep", lambda _sid: (nested(100_000),))
    sessions = {"own": {"/": {"a": 1}}}
    status, reply = endpoint.post(call_of("event", event="deep", wantsAck=True, sessions=sessions))

    assert (status, reply["ack"], reply["sessions"]) == (200, None, sessions)
    assert reply["error"] == "RecursionError"
