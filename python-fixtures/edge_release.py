"""An application behind an edge that is redeployed, killed and stopped.

    SOCKETIO_QUEUE=redis://… SOCKETIO_CHANNEL=c EDGE_RELEASE=release.json gunicorn 'socketio_bridge:serve("edge_release:app")'

A new release is a new file, `{"events": ["more"], "namespaces": ["/other"]}`, and a signal HUP: gunicorn's new workers
import this module again.
"""

import json
import os
import signal
from pathlib import Path

from flask import Flask, request
from flask_socketio import SocketIO, emit, join_room

FATAL = -1
"""The number with which a worker ends."""

app = Flask(__name__)
app.secret_key = "for tests only"
socketio = SocketIO(
    app,
    message_queue=os.environ["SOCKETIO_QUEUE"],
    channel=os.environ["SOCKETIO_CHANNEL"],
    async_mode="threading",
)
release = json.loads(Path(os.environ["EDGE_RELEASE"]).read_text())


@socketio.on("connect")
def connect():
    pass


@socketio.on("disconnect")
def disconnect(reason):
    emit("gone", (request.sid, reason), to="watchers")


@socketio.on("watch")
def watch():
    join_room("watchers")


@socketio.on("number")
def number(value):
    emit("handled", value)
    if value == FATAL:
        os.kill(os.getpid(), signal.SIGKILL)
    return value


@socketio.on("worker")
def worker():
    return os.getpid()


@socketio.on("die")
def die():
    emit("dying", os.getpid())
    os.kill(os.getpid(), signal.SIGKILL)


def answer(*_args):
    return release["name"]


for event in release["events"]:
    socketio.on_event(event, answer)
for namespace in release["namespaces"]:
    socketio.on_event("where", lambda *_args: request.namespace, namespace=namespace)
