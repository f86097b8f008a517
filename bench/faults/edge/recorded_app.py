"""An application behind an edge whose handlers record what they do.

    SOCKETIO_QUEUE=redis://… SOCKETIO_CHANNEL=c gunicorn 'socketio_bridge:serve("recorded_app:app")'

Writes one JSON object a line to stdout, which all workers share. A line is one write to a pipe: it is whole, it stands in
the order of the writes, and it remains when its worker is killed.

    {"event": "boot" or "exit", "pid": n}                                 a worker
    {"event": "connect", "sid": s, "client": n}                           a client
    {"event": "disconnect", "sid": s}
    {"event": "began" or "ended", "pid": n, "client": n, "number": n}     the handler of a numbered event
    {"event": "holding", "pid": n}                                        the handler of an event that takes its time
"""

import atexit
import json
import os
import time

from flask import Flask, request
from flask_socketio import SocketIO, emit

# How long an event takes, in seconds, as with a query to a database.
WORK = 0.01
# Long enough to be killed in the middle of it.
HOLD = 5.0

app = Flask(__name__)
app.secret_key = "for benchmarks only"
socketio = SocketIO(
    app,
    message_queue=os.environ["SOCKETIO_QUEUE"],
    channel=os.environ["SOCKETIO_CHANNEL"],
    async_mode="threading",
)


def record(event, **fields):
    os.write(1, (json.dumps({"event": event, **fields}) + "\n").encode())


def handle(client, number, seconds):
    pid = os.getpid()
    record("began", pid=pid, client=client, number=number)
    emit("handled", number)
    time.sleep(seconds)
    record("ended", pid=pid, client=client, number=number)
    return number


@socketio.on("connect")
def connect(auth):
    record("connect", sid=request.sid, client=auth["client"])


@socketio.on("disconnect")
def disconnect(_reason):
    record("disconnect", sid=request.sid)


@socketio.on("number")
def number(client, value):
    return handle(client, value, WORK)


@socketio.on("hold")
def hold(client, value):
    record("holding", pid=os.getpid())
    return handle(client, value, HOLD)


record("boot", pid=os.getpid())
atexit.register(lambda: record("exit", pid=os.getpid()))
