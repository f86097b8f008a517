"""A Flask-SocketIO host of the fleet in `docker-compose.yml`.

    gunicorn --workers 1 --threads 100 flask_app:app

It handles the events of `python-fixtures/flask_chat.py`, and

    whoami                 -> {"host": …, "server": …}
    ask {sid, question}    -> the acknowledgement of that client, on whichever
                              host it is

`POST /tasks` enqueues a Celery task {event, data, room}, all optional.
`GET /health` responds once the host is subscribed to its channel, since the
application does not start before that.
"""

import os
import socket
from importlib.metadata import version

from flask import request
from flask_socketio import call

from celery_worker import notify
from flask_chat import create_app
from ready import start_listening

QUEUE = os.environ["SOCKETIO_QUEUE"]
CHANNEL = "flask-socketio"

HOST = socket.gethostname()
SERVER = f"Flask-SocketIO {version('Flask-SocketIO')}"

app, socketio = create_app(QUEUE, CHANNEL)


@socketio.on("whoami")
def whoami():
    return {"host": HOST, "server": SERVER}


@socketio.on("ask")
def ask(data):
    return call("question", data["question"], to=data["sid"], timeout=10)


@app.post("/tasks")
def enqueue():
    task = request.get_json(silent=True) or {}
    event = task.get("event", "message")
    data = task.get("data", {"text": "hello from a Celery task"})
    result = notify.delay(event, data, room=task.get("room", "lobby"))
    return {"task": result.id}, 202


@app.get("/health")
def health():
    return "", 204


start_listening(socketio.server, QUEUE)
