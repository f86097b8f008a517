"""Creates the manager of python-socketio for a queue, by the URL of the queue.

    redis://…, rediss://…     RedisManager, AsyncRedisManager
    redis+cluster://…         the same, on one node of the cluster
    amqp://…, amqps://…       KombuManager, AsyncAioPikaManager
    kombu+redis://…           KombuManager("redis://…"), and likewise for any
                              URL of kombu after `kombu+`
    kafka://…                 KafkaManager; from 5.14 on that of the package
                              `socketio_bridge`
    zmq+tcp://…               ZmqManager, which needs eventlet

These are the schemes of the bridge. In Python both `redis://` and
`kombu+redis://` are `redis://`, and the class makes the difference.
"""

from __future__ import annotations

import importlib
import re
import threading
from typing import Any

import socketio
from socketio import pubsub_manager

KOMBU = "kombu+"

# Modules of the client libraries, and their names for pip.
PACKAGES = {
    "redis": "redis",
    "valkey": "valkey",
    "kombu": "kombu",
    "kafka": "kafka-python",
    "eventlet": "eventlet",
    "zmq": "pyzmq",
}


def client_modules(queue: str) -> list[str]:
    """The modules that every kind of peer needs for a queue (URL or scheme)."""
    scheme = queue.partition(":")[0].lower()
    if scheme.startswith(KOMBU):
        # Kombu uses the client library of Redis.
        return ["kombu", "redis"]
    if scheme in ("amqp", "amqps"):
        return ["kombu"]
    if scheme.startswith("valkey"):
        return ["valkey"]
    if scheme.startswith("zmq"):
        return ["eventlet", "zmq"]
    return ["kafka" if scheme == "kafka" else "redis"]


def require_client(queue: str) -> None:
    """Raises ModuleNotFoundError with the package's name if a library is missing.

    A manager may only fail when it publishes, and then each time.
    """
    for module in client_modules(queue):
        try:
            importlib.import_module(module)
        except ModuleNotFoundError:
            raise ModuleNotFoundError(name=PACKAGES[module]) from None


def one_node(queue: str) -> str:
    """Of a cluster, the last node that the URL names: Node hosts take the first."""
    return re.sub(r"^(\w+)\+cluster://([^/?#]*@)?([^/?#@]*,)?", r"\1://\2", queue)


def create_manager(
    queue: str, channel: str, *, write_only: bool = False, encoding: str | None = None
) -> socketio.PubSubManager:
    """A manager for a Server, or a write-only one for programs without a server.

    With an encoding, it is the one of `socketio_bridge.msgpack`, which reads both.
    """
    library, choice = _library(encoding)
    options = {"channel": channel, "write_only": write_only, **choice}
    if queue.startswith("kafka:"):
        # Releases with pickles publish bytes.
        if encoding is None and not hasattr(pubsub_manager, "pickle"):
            library = importlib.import_module("socketio_bridge.kafka")
        return library.KafkaManager(queue, **options)
    if queue.startswith((KOMBU, "amqp:", "amqps:")):
        url = queue.removeprefix(KOMBU)
        return one_at_a_time(library.KombuManager(url, **options))
    if queue.startswith("zmq+"):
        return library.ZmqManager(queue, **options)
    return library.RedisManager(one_node(queue), **options)


def one_at_a_time(manager: socketio.PubSubManager) -> socketio.PubSubManager:
    """Keeps threads from publishing at the same moment, where that is KombuManager's.

    It gives all of them one connection. Over AMQP, two that use it at once lose
    messages, or wait for ever: acknowledgements of two clients are enough.
    """
    if manager.name == "kombu":
        lock, publish = threading.Lock(), manager._publish

        def locked(data: Any) -> Any:
            with lock:
                return publish(data)

        manager._publish = locked
    return manager


def create_async_manager(
    queue: str, channel: str, *, write_only: bool = False, encoding: str | None = None
) -> socketio.AsyncManager:
    """The same for an AsyncServer. Raises ValueError where there is none."""
    library, choice = _library(encoding)
    options = {"channel": channel, "write_only": write_only, **choice}
    if queue.startswith((KOMBU, "kafka:", "zmq+")):
        scheme = queue.partition(":")[0]
        raise ValueError(f"python-socketio has no asynchronous manager for {scheme}://")
    if queue.startswith(("amqp:", "amqps:")):
        return library.AsyncAioPikaManager(queue, **options)
    return library.AsyncRedisManager(one_node(queue), **options)


def flask_options(
    queue: str, channel: str, *, encoding: str | None = None
) -> dict[str, Any]:
    """What Flask-SocketIO is given, which chooses a manager by the URL.

    It has none for Kombu over Redis and for MessagePack, and its one for Kafka
    cannot publish.
    """
    if encoding is not None or queue.startswith((KOMBU, "kafka:")):
        return {"client_manager": create_manager(queue, channel, encoding=encoding)}
    return {"message_queue": one_node(queue), "channel": channel}


def _library(encoding: str | None) -> tuple[Any, dict[str, Any]]:
    """The module of the managers, and their option for the encoding."""
    if encoding is None:
        return socketio, {}
    return importlib.import_module("socketio_bridge.msgpack"), {"encoding": encoding}
