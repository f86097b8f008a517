"""A chat server with Flask-SocketIO, one of several that share a queue.

    python flask_chat.py --port 5000 --queue redis://127.0.0.1:6379/0

It prints one line, `ready http://127.0.0.1:5000`, when it accepts connections
and is subscribed to the channel.

Events in the namespaces `/` and `/chat`, each with an acknowledgement:

    join {room}        -> {"joined": room}
    leave {room}       -> {"left": room}
    say {room, text}   -> {"said": text}, and everyone in the room receives
                          `message` {sid, room, text}
"""

import argparse

from flask import Flask, request
from flask_socketio import Namespace, SocketIO, emit, join_room, leave_room
from werkzeug.serving import make_server

from managers import flask_options
from ready import start_listening


class Chat(Namespace):
    def on_join(self, data):
        join_room(data["room"])
        return {"joined": data["room"]}

    def on_leave(self, data):
        leave_room(data["room"])
        return {"left": data["room"]}

    def on_say(self, data):
        message = {"sid": request.sid, "room": data["room"], "text": data["text"]}
        emit("message", message, to=data["room"])
        return {"said": data["text"]}


def create_app(queue, channel):
    app = Flask(__name__)
    socketio = SocketIO(app, async_mode="threading", **flask_options(queue, channel))
    socketio.on_namespace(Chat("/"))
    socketio.on_namespace(Chat("/chat"))
    return app, socketio


def main():
    parser = argparse.ArgumentParser(description="A Flask-SocketIO chat server.")
    parser.add_argument("--port", type=int, default=0, help="0 for any free one")
    parser.add_argument("--queue", default="redis://127.0.0.1:6379/0", metavar="URL")
    parser.add_argument("--channel", default="flask-socketio")
    args = parser.parse_args()

    app, socketio = create_app(args.queue, args.channel)
    # socketio.run() does not reveal which free port it has chosen.
    server = make_server("127.0.0.1", args.port, app, threaded=True)
    start_listening(socketio.server, args.queue)
    print(f"ready http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
