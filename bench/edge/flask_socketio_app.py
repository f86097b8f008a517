"""The application of Flask-SocketIO that is measured: by itself, and behind an edge.

SOCKETIO_QUEUE and SOCKETIO_CHANNEL name its message queue, SOCKETIO_ASYNC_MODE is
`threading` or `gevent`.
"""

import os
import time

from flask import Flask
from flask_socketio import SocketIO, emit

DATABASE_SECONDS = 0.01
SLOW_DATABASE_SECONDS = 0.1

app = Flask(__name__)
app.secret_key = "of the benchmark"
socketio = SocketIO(
    app,
    async_mode=os.environ["SOCKETIO_ASYNC_MODE"],
    message_queue=os.environ["SOCKETIO_QUEUE"],
    channel=os.environ["SOCKETIO_CHANNEL"],
)


@socketio.on("connect")
def connect(auth=None):
    return True


@socketio.on("echo")
def echo(value):
    return value


@socketio.on("query")
def query(value):
    time.sleep(DATABASE_SECONDS)
    return value


@socketio.on("slow query")
def slow_query(value):
    time.sleep(SLOW_DATABASE_SECONDS)
    return value


@socketio.on("publish")
def publish(text):
    emit("news", text, broadcast=True)
    return True
