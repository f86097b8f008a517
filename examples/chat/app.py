"""The same chat server with Flask-SocketIO. It shares its rooms with server.mjs."""

import os

from flask import Flask
from flask_socketio import SocketIO, emit, join_room

PORT = int(os.environ.get("PORT", "5000"))

app = Flask(__name__)
socketio = SocketIO(
    app,
    async_mode="threading",
    message_queue=os.environ.get("SOCKETIO_QUEUE", "redis://localhost:6379"),
    # The page comes from the Node server.
    cors_allowed_origins=[os.environ.get("NODE_URL", "http://127.0.0.1:3000")],
)


@socketio.on("join")
def join(room):
    join_room(room)


@socketio.on("post")
def post(room, text):
    emit("message", {"server": "Flask", "text": text}, to=room)


if __name__ == "__main__":
    socketio.run(app, host="127.0.0.1", port=PORT, allow_unsafe_werkzeug=True)
