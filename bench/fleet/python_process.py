"""A Python host or emitter of a fleet. `operations.ts` says how it is driven.

    python python_process.py --kind python-host --name python-threads
        --queue redis://127.0.0.1:6379 --channel socketio --port 5000
        --numbers-from 0

The kinds are python-host (Server, on threads), python-async-host (AsyncServer, on
uvicorn) and python-emitter (a write-only manager).

A manager does not disclose when it has lost its subscription, and several client
libraries renew it without a word. So the places are watched where a manager or its
library must pass then; see `watch_listener`.
"""

import argparse
import importlib
import json
import queue
import socket
import sys
import threading
import time

import socketio

sys.path.extend(["python-fixtures", "bench/faults"])
from managers import create_async_manager, create_manager  # noqa: E402
from ready import start_listening, start_listening_async  # noqa: E402
from wire import run_in, start_event_loop  # noqa: E402

# Between two lines about what has become of messages.
FLUSH = 0.05
# A host may be started while its broker is busy.
LISTEN_TIMEOUT = 60
# Clients are to stay, also when a ping waits behind a backlog.
PING_TIMEOUT = 300


def now():
    return time.monotonic() * 1000


def write(line):
    print(json.dumps(line), flush=True)


class Watch:
    """The logger of a manager: knows what it has given up, and what it has missed."""

    def __init__(self):
        self.gave_up = self.retried = False
        self.lost_at = None

    def error(self, text, *args, **kwargs):
        if "Cannot receive" in text:
            self.lost()
        self.gave_up = self.gave_up or "giving up" in text
        self.retried = self.retried or "Cannot publish" in text
        print(text, *kwargs.get("extra", {}).values(), file=sys.stderr)

    exception = error

    def info(self, *args, **kwargs):
        pass

    warning = debug = info

    def lost(self, *args):
        """The subscription is gone. What was received before is processed already."""
        self.lost_at = self.lost_at or now()

    def outage(self):
        """Call with each message. Returns the outage that it ends, if any."""
        lost_at, self.lost_at = self.lost_at, None
        return lost_at and (lost_at, now())


def watch_redis(watch):
    """Every subscription is made by one of these, whoever makes it, and why.

    redis-py subscribes again by itself. So does a RedisManager whose publisher has
    lost its connection: it puts another `pubsub` in the place of the one that its
    listener is about to read from.
    """
    for module in ("redis.client", "redis.asyncio.client"):
        pubsub = importlib.import_module(module).PubSub
        for name in ("on_connect", "subscribe", "psubscribe"):
            setattr(pubsub, name, noticing(watch, getattr(pubsub, name)))


def noticing(watch, method):
    def noticed(*args, **kwargs):
        watch.lost()
        return method(*args, **kwargs)

    return noticed


def watch_aio_pika(manager, watch):
    """aio-pika connects again by itself, with another channel of AMQP."""
    declare = manager._queue

    async def declare_watched(channel, exchange):
        channel.close_callbacks.add(watch.lost)
        return await declare(channel, exchange)

    manager._queue = declare_watched


def watch_listener(manager, watch):
    """Emits `outage` to the own clients, before the message that ends the outage."""
    listen = manager._listen

    def watched():
        for message in listen():
            if outage := watch.outage():
                manager.emit("outage", outage, "/", ignore_queue=True)
            yield message

    async def watched_async():
        async for message in listen():
            if outage := watch.outage():
                await manager.emit("outage", outage, "/", ignore_queue=True)
            yield message

    is_async = isinstance(manager, socketio.AsyncManager)
    manager._listen = watched_async if is_async else watched


class Publisher:
    """Emits, and knows what has become of it."""

    def __init__(self, manager, address, watch, loop=None):
        self.manager = manager
        self.watch = watch
        self.loop = loop
        self.record = None
        if isinstance(manager, socketio.KombuManager) and address.startswith("amqp"):
            manager.connection_options = {"transport_options": {"confirm_publish": True}}
            manager.publisher_connection = manager._connection()
        elif address.startswith("kafka"):
            self.watch_records(manager.producer)

    def watch_records(self, producer):
        """The manager waits for the result of a record, and does not check it."""
        send = producer.send

        def watched(*args, **kwargs):
            self.record = send(*args, **kwargs)
            return self.record

        producer.send = watched

    def emit(self, room, *args):
        self.watch.gave_up = self.watch.retried = False
        try:
            run_in(self.loop, self.manager.emit, "numbered", args, room=room)
        except Exception as error:
            print(repr(error)[:300], file=sys.stderr)
            return "rejected"
        is_sent = self.record is None or self.record.succeeded()
        if not is_sent or self.watch.gave_up:
            return "rejected"
        return "retried" if self.watch.retried else "confirmed"


class Sender:
    """One thread, so that numbers are published in order."""

    def __init__(self, name, publisher, number):
        self.name = name
        self.publisher = publisher
        self.number = number
        self.operations = queue.Queue()
        self.interval = 0
        self.runs = []
        self.flushed_at = 0

    def run(self):
        due = now()
        while True:
            wait = (due - now()) / 1000 if self.interval else FLUSH
            try:
                timeout = min(max(wait, 0.001), FLUSH)
                self.perform(self.operations.get(timeout=timeout))
            except queue.Empty:
                pass
            if self.interval and now() >= due:
                self.emit_all(None, None, 0, 1)
                due = now() + self.interval
            self.flush()

    def perform(self, operation):
        op = operation["op"]
        if op == "emit":
            fields = ("id", "room", "bytes", "count")
            self.emit_all(*(operation[field] for field in fields))
        elif op == "tick":
            self.interval = operation["interval"]
        elif op == "finish":
            self.interval = 0
            # The last message has to arrive, whatever the broker does meanwhile.
            while self.emit_all(None, None, 0, 1) == "rejected":
                time.sleep(0.2)
            self.flush(at_once=True)
            write({"event": "finished", "number": self.number})

    def emit_all(self, id, room, size, count):
        padding = "x" * size
        first = self.number + 1
        write({"event": "emits", "id": id, "first": first, "count": count, "at": now()})
        for _ in range(count):
            self.number += 1
            fate = self.publisher.emit(room, self.name, self.number, now(), size, padding)
            self.settled(fate)
            self.flush()
        return fate

    def settled(self, fate):
        if self.runs and self.runs[-1][2] == fate:
            self.runs[-1][1] = self.number
        else:
            self.runs.append([self.number, self.number, fate])

    def flush(self, at_once=False):
        if self.runs and (at_once or now() - self.flushed_at > FLUSH * 1000):
            write({"event": "settled", "runs": self.runs})
            self.runs = []
            self.flushed_at = now()


class Rooms(socketio.Namespace):
    def on_join(self, sid, room):
        self.enter_room(sid, room)
        return ["joined", room]


class AsyncRooms(socketio.AsyncNamespace):
    async def on_join(self, sid, room):
        await self.enter_room(sid, room)
        return ["joined", room]


def start_host(args, watch):
    werkzeug = importlib.import_module("werkzeug.serving")
    importlib.import_module("logging").getLogger("werkzeug").setLevel("ERROR")
    manager = create_manager(args.queue, args.channel)
    manager.logger = watch
    watch_listener(manager, watch)
    options = {"client_manager": manager, "ping_timeout": PING_TIMEOUT}
    sio = socketio.Server(async_mode="threading", **options)
    sio.register_namespace(Rooms("/"))
    publisher = Publisher(manager, args.queue, watch)
    # Before it has clients: they must not miss anything.
    start_listening(sio, args.queue, LISTEN_TIMEOUT)
    app = socketio.WSGIApp(sio)
    server = werkzeug.make_server("127.0.0.1", args.port, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return publisher, server.server_port


def start_async_host(args, watch):
    uvicorn = importlib.import_module("uvicorn")
    loop = start_event_loop()
    manager = run_in(loop, create_async_manager, args.queue, args.channel)
    manager.logger = watch
    if args.queue.startswith("amqp"):
        watch_aio_pika(manager, watch)
    watch_listener(manager, watch)
    options = {"client_manager": manager, "ping_timeout": PING_TIMEOUT}
    sio = socketio.AsyncServer(async_mode="asgi", **options)
    sio.register_namespace(AsyncRooms("/"))
    run_in(loop, start_listening_async, sio, args.queue, LISTEN_TIMEOUT)
    listener = socket.create_server(("127.0.0.1", args.port))
    server = uvicorn.Server(
        uvicorn.Config(socketio.ASGIApp(sio), log_level="warning")
    )
    loop.call_soon_threadsafe(loop.create_task, server.serve(sockets=[listener]))
    publisher = Publisher(manager, args.queue, watch, loop)
    return publisher, listener.getsockname()[1]


def start_emitter(args, watch):
    manager = create_manager(args.queue, args.channel, write_only=True)
    manager.logger = watch
    return Publisher(manager, args.queue, watch), 0


KINDS = {
    "python-host": start_host,
    "python-async-host": start_async_host,
    "python-emitter": start_emitter,
}


def main():
    parser = argparse.ArgumentParser(description="A Python process of a fleet.")
    parser.add_argument("--kind", choices=list(KINDS), required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--queue", required=True, metavar="URL")
    parser.add_argument("--channel", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--numbers-from", type=int, required=True)
    args = parser.parse_args()

    watch = Watch()
    watch_redis(watch)
    publisher, port = KINDS[args.kind](args, watch)
    sender = Sender(args.name, publisher, args.numbers_from)
    threading.Thread(target=sender.run, daemon=True).start()
    write({"event": "ready", "port": port})
    for line in sys.stdin:
        sender.operations.put(json.loads(line))


if __name__ == "__main__":
    main()
