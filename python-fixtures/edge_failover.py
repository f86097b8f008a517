"""An application behind several edges, of which one is killed: `disconnect` tells all that it sees of the client.

    SOCKETIO_QUEUE=redis://… SOCKETIO_CHANNEL=c gunicorn 'socketio_bridge:serve("edge_failover:app")'
"""

import os

from flask import Flask, request, session
from flask_socketio import SocketIO, emit, join_room

app = Flask(__name__)
app.secret_key = "for tests only"
socketio = SocketIO(
    app,
    message_queue=os.environ["SOCKETIO_QUEUE"],
    channel=os.environ["SOCKETIO_CHANNEL"],
    async_mode="threading",
)


@socketio.on("watch")
def watch():
    join_room("watchers")


@socketio.on("store")
def store(name):
    session["name"] = name
    return name


def connect():
    session["header"] = request.headers.get("X-Test")


def disconnect(reason):
    emit(
        "gone",
        {
            "sid": request.sid,
            "namespace": request.namespace,
            "reason": reason,
            "session": dict(session),
            "header": request.headers.get("X-Test"),
            "query": request.args.get("q"),
            "address": request.remote_addr,
        },
        to="watchers",
        namespace="/",
    )


for namespace in ("/", "/chat"):
    socketio.on_event("connect", connect, namespace=namespace)
    socketio.on_event("disconnect", disconnect, namespace=namespace)
