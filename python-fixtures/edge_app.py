"""An application of Flask-SocketIO that uses most of what there is, to be served in two ways.

    SOCKETIO_QUEUE=redis://… SOCKETIO_CHANNEL=c gunicorn edge_app:app
    … gunicorn 'socketio_bridge:serve("edge_app:app")'

The first serves clients itself; the second serves a Node edge.
"""

import os

from flask import Flask, request, session
from flask_socketio import (
    ConnectionRefusedError,
    Namespace,
    SocketIO,
    disconnect,
    emit,
    join_room,
    leave_room,
    rooms,
    send,
)

from managers import flask_options

app = Flask(__name__)
app.secret_key = "for tests only"
socketio = SocketIO(
    app,
    async_mode=os.environ.get("SOCKETIO_MODE", "threading"),
    **flask_options(
        os.environ["SOCKETIO_QUEUE"],
        os.environ["SOCKETIO_CHANNEL"],
        encoding=os.environ.get("SOCKETIO_ENCODING"),
    ),
)


@app.get("/login")
def login():
    session["user"] = request.args["user"]
    return session["user"]


@app.get("/announce")
def announce():
    socketio.emit("announced", {"by": "a view"}, to=request.args["room"])
    return "announced"


@socketio.on("connect")
def connect(auth):
    if auth and auth.get("token") == "wrong":
        raise ConnectionRefusedError("who are you?", {"code": 7})
    if auth and auth.get("token") == "false":
        return False
    session["events"] = 0
    emit(
        "welcome",
        {
            "mine": rooms() == [request.sid],
            "namespace": request.namespace,
            "auth": auth,
            "query": request.args.get("q"),
            "header": request.headers.get("X-Test"),
            "cookie": request.cookies.get("c"),
            "address": request.remote_addr,
            "user": session.get("user"),
        },
    )
    return None


@socketio.on("count")
def count():
    session["events"] += 1
    return session["events"]


@socketio.on("worker")
def worker():
    return os.getpid()


@socketio.on("join")
def join(room):
    join_room(room)
    emit("joined", room, to=room)
    return sorted(each == request.sid and "me" or each for each in rooms())


@socketio.on("leave")
def leave(room):
    leave_room(room)
    return sorted(each == request.sid and "me" or each for each in rooms())


@socketio.on("several")
def several(*args):
    emit("several", (args, len(args)))
    return args[::-1]


@socketio.on("nothing")
def nothing():
    pass


@socketio.on("echo")
def echo(data):
    emit("echo", data)
    return data


@socketio.on("message")
def message(data):
    send(data)


@socketio.on("lines")
def lines(many):
    for number in range(many):
        emit("line", number)
    return "the end"


@socketio.on("ask")
def ask(question):
    return socketio.call("asked", question, to=request.sid, timeout=10)


@socketio.on("ask later")
def ask_later(question):
    emit("asked", question, callback=answered)


def answered(answer):
    socketio.emit("answered", answer, to=request.sid)


@socketio.on("fail")
def fail():
    raise KeyError("on purpose")


@socketio.on_error()
def on_error(error):
    if isinstance(error, ConnectionRefusedError):
        # Flask-SocketIO 5.3.0 asks here too.
        raise error
    emit("failed", [type(error).__name__, request.event["message"], list(request.event["args"])])
    return "it failed"


@socketio.on("goodbye")
def goodbye():
    disconnect()


@socketio.on("*")
def anything(event, data):
    return ["anything", event, data]


class Chat(Namespace):
    def on_connect(self):
        emit("hello", request.namespace)

    def on_say(self, text):
        emit("said", text, broadcast=True)
        return {"said": text}


socketio.on_namespace(Chat("/chat"))
