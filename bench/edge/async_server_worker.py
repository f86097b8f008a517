"""What uvicorn serves when that application is behind an edge."""

import socketio_bridge

app = socketio_bridge.serve("async_server_app:app")
