"""Serves the event handlers of Flask-SocketIO and python-socketio to a Node edge.

The edge holds the clients; handlers run unchanged, as plain HTTP workers.
"""

from .asgi import asgi
from .discovery import serve
from .errors import BridgeError, InvalidCallError, InvalidOptionError
from .wsgi import wsgi

__all__ = ["BridgeError", "InvalidCallError", "InvalidOptionError", "asgi", "serve", "wsgi"]
