"""The kinds of `peer.py` without a framework: servers, and write-only managers."""

import importlib
import importlib.util
import logging
import socket
import socketserver
import threading
from importlib import metadata
from wsgiref import simple_server

import socketio

from managers import create_async_manager, create_manager
from peer_operations import NAMESPACES, AsgiNamespace, Operations, ThreadedNamespace
from ready import start_listening, start_listening_async
from wire import run_in, send, serve, start_event_loop


def engineio_protocol():
    return 3 if metadata.version("python-engineio").startswith("3.") else 4


def ready(host_id, port=None, transports=(), **more):
    send(
        {
            "event": "ready",
            "port": port,
            "host_id": host_id,
            "engineio": engineio_protocol(),
            "transports": list(transports),
            **more,
        }
    )


def transports(sio):
    """Always polling; WebSocket if engineio has found a library for it."""
    # Every release has that in a private attribute.
    websocket = sio.eio._async["websocket"] is not None
    return ["polling", "websocket"] if websocket else ["polling"]


def installed(module):
    return importlib.util.find_spec(module) is not None


class QuietHandler(simple_server.WSGIRequestHandler):
    def log_message(self, *args):
        """Ignores messages such as that of a client that is gone."""


class ThreadingServer(socketserver.ThreadingMixIn, simple_server.WSGIServer):
    daemon_threads = True


def serve_wsgi(app):
    """Serves the app in threads of this process. Returns the port."""
    if installed("werkzeug"):
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        werkzeug = importlib.import_module("werkzeug.serving")
        server = werkzeug.make_server("127.0.0.1", 0, app, threaded=True)
    else:
        server = simple_server.make_server(
            "127.0.0.1", 0, app, ThreadingServer, QuietHandler
        )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def serve_eventlet(app):
    """Serves the app in green threads of this process. Returns the port."""
    eventlet = importlib.import_module("eventlet")
    listener = eventlet.listen(("127.0.0.1", 0))
    wsgi = importlib.import_module("eventlet.wsgi")
    eventlet.spawn(wsgi.server, listener, app, log_output=False)
    return listener.getsockname()[1]


def run_threaded(args):
    on_eventlet = args.queue.startswith("zmq+")
    manager = create_manager(args.queue, args.channel, encoding=args.encoding)
    mode = "eventlet" if on_eventlet else "threading"
    sio = socketio.Server(async_mode=mode, client_manager=manager)
    for namespace in NAMESPACES:
        sio.register_namespace(ThreadedNamespace(namespace))

    serve_app = serve_eventlet if on_eventlet else serve_wsgi
    port = serve_app(socketio.WSGIApp(sio))
    start_listening(sio, args.queue)
    if on_eventlet or installed("werkzeug"):
        ready(manager.host_id, port, transports(sio))
    else:
        # The server of the standard library cannot upgrade a connection.
        ready(manager.host_id, port, ["polling"], websocket_needs="werkzeug")
    serve(Operations(sio, manager))


def run_asgi(args):
    uvicorn = importlib.import_module("uvicorn")
    loop = start_event_loop()
    manager = run_in(
        loop,
        create_async_manager,
        args.queue,
        args.channel,
        encoding=args.encoding,
    )
    sio = socketio.AsyncServer(async_mode="asgi", client_manager=manager)
    for namespace in NAMESPACES:
        sio.register_namespace(AsgiNamespace(namespace))

    run_in(loop, start_listening_async, sio, args.queue)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(socketio.ASGIApp(sio), log_level="warning")
    # Called here, so that an error in it ends this process.
    config.load()
    server = uvicorn.Server(config)
    loop.call_soon_threadsafe(loop.create_task, server.serve(sockets=[listener]))
    websocket = installed("websockets") or installed("wsproto")
    ready(
        manager.host_id,
        listener.getsockname()[1],
        ["polling", "websocket"] if websocket else ["polling"],
    )
    serve(Operations(sio, manager), loop)


def run_write_only(args):
    options = {"write_only": True, "encoding": args.encoding}
    manager = create_manager(args.queue, args.channel, **options)
    ready(manager.host_id)
    serve(Operations(manager, manager))


def run_write_only_asgi(args):
    loop = start_event_loop()
    options = {"write_only": True, "encoding": args.encoding}
    manager = run_in(loop, create_async_manager, args.queue, args.channel, **options)
    ready(manager.host_id)
    serve(Operations(manager, manager), loop)
