"""Publishes messages on request, through any manager of python-socketio.

    python publisher.py --manager RedisManager --queue redis://127.0.0.1:6379/0

The golden messages of `test/golden` are recorded from it, so it runs with every
release from 4.6 on. It has a server, because only servers publish some of the
messages. The server has no clients, does not subscribe, and always has the same
host_id. When it can publish it writes `{"event": "ready", "python": ...,
"packages": ...}`.

Requests on stdin (see `wire.py`); the namespace defaults to `/`:

    emit        event, data | no_data, to | room, skip_sid, namespace, callback
    emit_all    emits: several, each with the fields of an emit; not with a
                manager whose name starts with Async
                -> for each, null or the error that was raised or logged
    answer      host_id, room, namespace, callback_id, args: publishes the
                acknowledgement of a client of this server, for a callback of
                that host
    enter_room  sid, room, namespace: of a client of another host
    leave_room  sid, room, namespace
    close_room  room, namespace
    disconnect  sid, namespace
    complaints  -> what the manager has logged since the last time: several
                releases only log that they cannot publish something
    quit
"""

import argparse
import importlib
import logging
import platform
from importlib import metadata

import socketio

from room_commands import RoomCommands, addressing
from wire import decode, payload, run_in, send, serve, start_event_loop

HOST_ID = "0123456789abcdef0123456789abcdef"

PACKAGES = ["python-socketio", "python-engineio", "redis", "aioredis", "kombu"]
PACKAGES += ["aio-pika", "kafka-python"]


class Complaints(logging.Handler):
    """Records what the manager logs, with the exceptions that it swallows."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.lines = []

    def emit(self, record):
        hidden = [
            value for key, value in vars(record).items() if key.endswith("_exception")
        ]
        self.lines.append(": ".join([record.getMessage(), *hidden]))


class Operations(RoomCommands):
    """With an AsyncServer most of these return an awaitable."""

    concurrent = set()

    def __init__(self, sio, manager, log):
        super().__init__(sio, manager)
        self.log = log

    def emit(self, request):
        data = () if request.get("no_data") else (payload(request),)
        options = addressing(request, "to", "room", "skip_sid")
        if request.get("callback"):
            options["callback"] = lambda *args: None
        return self.sio.emit(decode(request["event"]), *data, **options)

    def emit_all(self, request):
        return [self._attempt(emit) for emit in request["emits"]]

    def _attempt(self, request):
        try:
            self.emit(request)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        complaints = self.complaints(request)
        return complaints[-1] if complaints else None

    def answer(self, request):
        # The server calls this when the acknowledgement arrives.
        return self.manager._return_callback(
            request["host_id"],
            decode(request["room"]),
            request.get("namespace", "/"),
            request["callback_id"],
            *decode(request["args"]),
        )

    def complaints(self, request):
        lines, self.log.lines = self.log.lines, []
        return lines


def versions():
    """Versions of the relevant packages that are installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            pass
    return found


def main():
    parser = argparse.ArgumentParser(description="Publishes messages on request.")
    parser.add_argument(
        "--manager", required=True, help="a class of python-socketio, or MODULE.CLASS"
    )
    parser.add_argument("--queue", required=True, metavar="URL")
    parser.add_argument("--channel", default="socketio")
    args = parser.parse_args()

    log = Complaints()
    logger = logging.getLogger("socketio")
    logger.addHandler(log)
    module, _, name = args.manager.rpartition(".")
    create_manager = getattr(importlib.import_module(module or "socketio"), name)
    loop = start_event_loop() if name.startswith("Async") else None
    manager = run_in(loop, create_manager, args.queue, channel=args.channel)
    manager.host_id = HOST_ID
    options = {"client_manager": manager, "logger": logger}
    if loop is None:
        sio = socketio.Server(async_mode="threading", **options)
    else:
        sio = socketio.AsyncServer(async_mode="asgi", **options)
    found = {"python": platform.python_version(), "packages": versions()}
    send({"event": "ready", **found})
    serve(Operations(sio, manager, log), loop)


if __name__ == "__main__":
    main()
