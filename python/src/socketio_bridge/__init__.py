"""Serves the event handlers of Flask-SocketIO and python-socketio to a Node edge.

The edge holds the clients; handlers run unchanged, as plain HTTP workers. For fleets without an edge,
``socketio_bridge.kafka`` has a ``KafkaManager`` that can publish, and ``socketio_bridge.msgpack`` has managers with
MessagePack on the channel.
"""

from .asgi import asgi
from .discovery import serve
from .errors import BridgeError, InvalidCallError, InvalidOptionError, MissingPackageError
from .wsgi import wsgi

__all__ = ["BridgeError", "InvalidCallError", "InvalidOptionError", "MissingPackageError", "asgi", "serve", "wsgi"]
