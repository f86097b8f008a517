"""The application of Flask-SocketIO behind an edge, for servers that call no function."""

import socketio_bridge

app = socketio_bridge.serve("flask_socketio_app:app")
