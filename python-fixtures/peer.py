"""A Python host of a Socket.IO fleet, driven over stdin and stdout (see `wire.py`).

    python peer.py --kind threaded --queue redis://127.0.0.1:6379/0

The kinds are

    threaded         Server, on threads; on werkzeug if it is there. With a queue
                     of ZeroMQ, on eventlet: start `peer_eventlet.py` then
    asgi             AsyncServer, on uvicorn
    flask            SocketIO of Flask-SocketIO, on werkzeug's threads
    write-only       a manager as in the first, without a server
    write-only-asgi  a manager as in the second, without a server
    celery           a Celery worker that runs each request as a task, with a
                     manager as in `write-only`

The URL of the queue determines the manager, see `managers.py`. With `--encoding
json|msgpack` it is the one of `socketio_bridge.msgpack`, which reads both encodings.
It runs with python-socketio 4.6 and later, on Python 3.9 and later.

When it accepts connections and is subscribed to the channel it writes

    {"event": "ready", "port": ..., "host_id": ..., "engineio": 4,
     "transports": ["polling", "websocket"]}

where `engineio` is the protocol version of its clients, and `transports` are
their transports; `websocket_needs` names the missing package if they can only
poll. Without a server the port is null and there are no transports. If a package
is missing that the kind needs, it reports that and ends:

    {"event": "unavailable", "missing": "uvicorn", "reason": "..."}

Requests; data and rooms are typed JSON, the namespace defaults to `/`:

    emit                event, data | no_data, tuple, to | room, skip_sid, namespace
    emit_with_callback  the same and token; each time the callback runs there is
                        a line {"event": "callback", "token": ..., "args": [...]}
    call                event, data | no_data, tuple, to | sid, timeout, namespace
                        -> the acknowledgement of the client
    enter_room          sid, room, namespace
    leave_room          sid, room, namespace
    close_room          room, namespace
    disconnect          sid, namespace
    rooms               sid, namespace  -> the rooms of a client of this host
    participants        room, namespace -> the clients of this host in the room
    quit

Clients may connect to `/` and `/chat`. Lines {"event": "connect", "sid": ...,
"namespace": ...} and {"event": "disconnect", ..., "reason": ...} report them.
They may send these events, which are acknowledged:

    join room   -> ["joined", room]
    leave room  -> ["left", room]
    whoami      -> the sid
"""

import argparse
import importlib

from wire import telling_what_is_missing

# Imported on demand, because the packages of other kinds may be missing.
KINDS = {
    "threaded": ("peer_hosts", "run_threaded"),
    "asgi": ("peer_hosts", "run_asgi"),
    "flask": ("peer_flask", "run_flask"),
    "write-only": ("peer_hosts", "run_write_only"),
    "write-only-asgi": ("peer_hosts", "run_write_only_asgi"),
    "celery": ("peer_celery", "run_celery"),
}


def main():
    parser = argparse.ArgumentParser(description="A Python host driven by tests.")
    parser.add_argument("--kind", choices=list(KINDS), required=True)
    parser.add_argument("--queue", default="redis://127.0.0.1:6379/0", metavar="URL")
    parser.add_argument("--channel", default="socketio")
    parser.add_argument("--encoding", choices=["json", "msgpack"])
    args = parser.parse_args()

    module, run = KINDS[args.kind]
    with telling_what_is_missing():
        importlib.import_module("managers").require_client(args.queue)
        getattr(importlib.import_module(module), run)(args)


if __name__ == "__main__":
    main()
