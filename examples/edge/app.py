"""A Flask-SocketIO application behind the edge, which knows nothing of it.

    join {room}        -> how many rooms this client has joined
    say {room, text}   -> everyone in the room receives `said`
    whoami             -> {"address": …, "worker": …}

`GET /online` says how many clients are connected. Each worker sees only some of
the events, so that the count is in Redis. `POST /announce` emits to everyone.
"""

import os

from flask import Flask, request, session
from flask_socketio import SocketIO, emit, join_room
from redis import Redis
from werkzeug.middleware.proxy_fix import ProxyFix

QUEUE = os.environ.get("SOCKETIO_QUEUE", "redis://localhost:6379")

app = Flask(__name__)
app.secret_key = os.environ.get("SECRET_KEY", "change me")
# For the views, which nginx calls directly. What handlers see, the edge decides: --trust-proxy.
app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)
socketio = SocketIO(app, message_queue=QUEUE)
redis = Redis.from_url(QUEUE)


@socketio.on("connect")
def connect(auth=None):
    redis.incr("online")


@socketio.on("disconnect")
def disconnect(reason):
    redis.decr("online")


@socketio.on("join")
def join(data):
    join_room(data["room"])
    session["joined"] = session.get("joined", 0) + 1
    return session["joined"]


@socketio.on("say")
def say(data):
    emit("said", data["text"], to=data["room"])


@socketio.on("whoami")
def whoami():
    return {"address": request.remote_addr, "worker": os.getpid()}


@app.get("/online")
def online():
    return {"online": int(redis.get("online") or 0), "address": request.remote_addr}


@app.post("/announce")
def announce():
    socketio.emit("said", request.get_data(as_text=True))
    return "", 202
