"""The kind `flask` of `peer.py`: a server of Flask-SocketIO."""

import logging
import threading

from flask import Flask
from flask import request as current
from flask_socketio import Namespace, SocketIO, join_room, leave_room
from werkzeug.serving import make_server

from managers import create_manager, one_at_a_time, one_node
from peer_hosts import ready, transports
from peer_operations import NAMESPACES, Operations
from ready import start_listening
from wire import payload, send, serve


class FlaskOperations(Operations):
    """emit() is that of SocketIO; the rest is that of its server."""

    def __init__(self, socketio):
        super().__init__(socketio.server, socketio.server.manager)
        self.socketio = socketio

    def emit(self, request, callback=None):
        # Early releases have no `to`.
        recipients = self.recipients(request)
        if "to" in recipients:
            recipients["room"] = recipients.pop("to")
        if callback is not None:
            recipients["callback"] = callback
        return self.socketio.emit(request["event"], payload(request), **recipients)


class FlaskNamespace(Namespace):
    def on_connect(self, auth=None):
        send({"event": "connect", "sid": current.sid, "namespace": self.namespace})

    def on_disconnect(self, reason=None):
        gone = {"sid": current.sid, "namespace": self.namespace, "reason": reason}
        send({"event": "disconnect", **gone})

    def on_whoami(self):
        return current.sid

    def on_join(self, room):
        join_room(room)
        return ["joined", room]

    def on_leave(self, room):
        leave_room(room)
        return ["left", room]


def run_flask(args):
    app = Flask(__name__)
    options = {"message_queue": one_node(args.queue), "channel": args.channel}
    if args.encoding is not None:
        # Otherwise Flask-SocketIO chooses one of python-socketio's.
        manager = create_manager(args.queue, args.channel, encoding=args.encoding)
        options = {"client_manager": manager}
    socketio = SocketIO(app, async_mode="threading", **options)
    for namespace in NAMESPACES:
        socketio.on_namespace(FlaskNamespace(namespace))

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    start_listening(socketio.server, args.queue)
    manager = one_at_a_time(socketio.server.manager)
    ready(manager.host_id, server.server_port, transports(socketio.server))
    serve(FlaskOperations(socketio))
