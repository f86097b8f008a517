"""What uvicorn starts for an edge, which takes a module and an attribute, and no call."""

import socketio_bridge

app = socketio_bridge.serve("edge_asgi_app:app")
