"""A Python host of a Socket.IO fleet, driven over stdin and stdout (see `wire.py`).

    python peer.py --kind threaded --queue redis://127.0.0.1:6379/0

The kinds are `threaded` (Server, on werkzeug's threads), `asgi` (AsyncServer,
on uvicorn), `write-only` and `write-only-asgi` (a manager of the one or the
other, without a server). Which manager it is follows from the URL of the queue,
see `managers.py`; with `--encoding json|msgpack` it is that of
`msgpack_channel.py`, which reads both and writes the one. When it takes connections and hears its channel it says
`{"event": "ready", "port": ..., "host_id": ...}`; the port of a write-only
manager is null.

Requests; data and rooms are typed JSON, the namespace is `/` where left out:

    emit                event, data | no_data, tuple, to | room, skip_sid, namespace
    emit_with_callback  the same and token; each time the callback runs there is
                        a line {"event": "callback", "token": ..., "args": [...]}
    call                event, data | no_data, tuple, to | sid, timeout, namespace
                        -> what the client answered
    enter_room          sid, room, namespace
    leave_room          sid, room, namespace
    close_room          room, namespace
    disconnect          sid, namespace
    rooms               sid, namespace  -> the rooms of a client of this host
    participants        room, namespace -> the clients of this host in the room
    quit

Clients may connect to `/` and `/chat`. Lines {"event": "connect", "sid": ...,
"namespace": ...} and {"event": "disconnect", ..., "reason": ...} tell of them.
They may ask for

    join room   -> ["joined", room]
    leave room  -> ["left", room]
    whoami      -> the sid
"""

import argparse
import logging
import socket
import threading

import socketio
import uvicorn
from werkzeug.serving import make_server

from managers import create_async_manager, create_manager
from ready import start_listening, start_listening_async
from wire import decode, encode, payload, run_in, send, serve, start_event_loop

NAMESPACES = ["/", "/chat"]


def addressing(request, *keys):
    """Those of the keys that the request has, as arguments for python-socketio."""
    chosen = {key: decode(request[key]) for key in keys if key in request}
    return {"namespace": request.get("namespace", "/"), **chosen}


class Operations:
    """What a request can ask of a server, or of a write-only manager.

    Against an AsyncServer most of these return something to be awaited.
    """

    concurrent = {"call"}

    def __init__(self, sio, manager):
        self.sio = sio
        self.manager = manager

    def emit(self, request, callback=None):
        return self.sio.emit(
            request["event"],
            payload(request),
            callback=callback,
            **addressing(request, "to", "room", "skip_sid"),
        )

    def emit_with_callback(self, request):
        def report(*args):
            answer = {"token": request["token"], "args": encode(list(args))}
            send({"event": "callback", **answer})

        return self.emit(request, report)

    def call(self, request):
        return self.sio.call(
            request["event"],
            payload(request),
            timeout=request.get("timeout", 60),
            **addressing(request, "to", "sid"),
        )

    def enter_room(self, request):
        return self.sio.enter_room(**addressing(request, "sid", "room"))

    def leave_room(self, request):
        return self.sio.leave_room(**addressing(request, "sid", "room"))

    def close_room(self, request):
        return self.sio.close_room(**addressing(request, "room"))

    def disconnect(self, request):
        return self.sio.disconnect(**addressing(request, "sid"))

    def rooms(self, request):
        return self.manager.get_rooms(**addressing(request, "sid"))

    def participants(self, request):
        room = addressing({"room": None, **request}, "room")
        return [sid for sid, _ in self.manager.get_participants(**room)]


class Reports:
    """What both kinds of namespace tell of their clients."""

    def on_connect(self, sid, environ, auth):
        send({"event": "connect", "sid": sid, "namespace": self.namespace})

    def on_disconnect(self, sid, reason):
        gone = {"sid": sid, "namespace": self.namespace, "reason": reason}
        send({"event": "disconnect", **gone})

    def on_whoami(self, sid):
        return sid


class ThreadedNamespace(Reports, socketio.Namespace):
    def on_join(self, sid, room):
        self.enter_room(sid, room)
        return ["joined", room]

    def on_leave(self, sid, room):
        self.leave_room(sid, room)
        return ["left", room]


class AsgiNamespace(Reports, socketio.AsyncNamespace):
    async def on_join(self, sid, room):
        await self.enter_room(sid, room)
        return ["joined", room]

    async def on_leave(self, sid, room):
        await self.leave_room(sid, room)
        return ["left", room]


def ready(manager, port):
    send({"event": "ready", "port": port, "host_id": manager.host_id})


def run_threaded(queue, channel, encoding):
    manager = create_manager(queue, channel, encoding=encoding)
    sio = socketio.Server(async_mode="threading", client_manager=manager)
    for namespace in NAMESPACES:
        sio.register_namespace(ThreadedNamespace(namespace))

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, socketio.WSGIApp(sio), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    start_listening(sio)
    ready(manager, server.server_port)
    serve(Operations(sio, manager))


def run_asgi(queue, channel, encoding):
    manager = create_async_manager(queue, channel, encoding=encoding)
    sio = socketio.AsyncServer(async_mode="asgi", client_manager=manager)
    for namespace in NAMESPACES:
        sio.register_namespace(AsgiNamespace(namespace))

    loop = start_event_loop()
    run_in(loop, start_listening_async, sio)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(socketio.ASGIApp(sio), log_level="warning")
    server = uvicorn.Server(config)
    loop.call_soon_threadsafe(loop.create_task, server.serve(sockets=[listener]))
    ready(manager, listener.getsockname()[1])
    serve(Operations(sio, manager), loop)


def run_write_only(queue, channel, encoding):
    manager = create_manager(queue, channel, write_only=True, encoding=encoding)
    ready(manager, port=None)
    serve(Operations(manager, manager))


def run_write_only_asgi(queue, channel, encoding):
    loop = start_event_loop()
    options = {"write_only": True, "encoding": encoding}
    manager = run_in(loop, create_async_manager, queue, channel, **options)
    ready(manager, port=None)
    serve(Operations(manager, manager), loop)


def main():
    run = {
        "threaded": run_threaded,
        "asgi": run_asgi,
        "write-only": run_write_only,
        "write-only-asgi": run_write_only_asgi,
    }
    parser = argparse.ArgumentParser(description="A Python host driven by tests.")
    parser.add_argument("--kind", choices=list(run), required=True)
    parser.add_argument("--queue", default="redis://127.0.0.1:6379/0", metavar="URL")
    parser.add_argument("--channel", default="socketio")
    parser.add_argument("--encoding", choices=["json", "msgpack"])
    args = parser.parse_args()
    run[args.kind](args.queue, args.channel, args.encoding)


if __name__ == "__main__":
    main()
