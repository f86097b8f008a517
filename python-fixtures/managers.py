"""The manager of python-socketio that speaks to a queue, by the queue's URL.

    redis://…, rediss://…     RedisManager, AsyncRedisManager
    amqp://…, amqps://…       KombuManager, AsyncAioPikaManager
    kombu+redis://…           KombuManager("redis://…"), and so for whatever
                              kombu takes behind `kombu+`
    kafka://…                 KafkaManager, of `kafka_bytes.py`

The schemes are those of the bridge. Python takes `redis://` for both of the
first and the third, and tells them apart by the class.
"""

from __future__ import annotations

import importlib
from typing import Any

import socketio

KOMBU = "kombu+"

# Modules of the client libraries, and the names that pip knows them by.
PACKAGES = {
    "redis": "redis",
    "valkey": "valkey",
    "kombu": "kombu",
    "kafka": "kafka-python",
}


def client_modules(queue: str) -> list[str]:
    """What every kind of peer needs for a queue, by its URL or its scheme."""
    scheme = queue.partition(":")[0].lower()
    if scheme.startswith(KOMBU):
        # Kombu's way to Redis is the library of Redis.
        return ["kombu", "redis"]
    if scheme in ("amqp", "amqps"):
        return ["kombu"]
    if scheme.startswith("valkey"):
        return ["valkey"]
    return ["kafka" if scheme == "kafka" else "redis"]


def require_client(queue: str) -> None:
    """ModuleNotFoundError with the package's name, if a client library is missing.

    A manager may notice it no sooner than it publishes, and then each time anew.
    """
    for module in client_modules(queue):
        try:
            importlib.import_module(module)
        except ModuleNotFoundError:
            raise ModuleNotFoundError(name=PACKAGES[module]) from None


def create_manager(
    queue: str, channel: str, *, write_only: bool = False, encoding: str | None = None
) -> socketio.PubSubManager:
    """A manager for a Server, or one that stands alone and emits from threads.

    With an encoding, it is the one of `msgpack_channel`, which reads both.
    """
    library, choice = _library(encoding)
    options = {"channel": channel, "write_only": write_only, **choice}
    if queue.startswith("kafka:"):
        if encoding is None:
            library = importlib.import_module("kafka_bytes")
        return library.KafkaManager(queue, **options)
    if queue.startswith((KOMBU, "amqp:", "amqps:")):
        return library.KombuManager(queue.removeprefix(KOMBU), **options)
    return library.RedisManager(queue, **options)


def create_async_manager(
    queue: str, channel: str, *, write_only: bool = False, encoding: str | None = None
) -> socketio.AsyncManager:
    """The same for an AsyncServer; ValueError where Python has none."""
    library, choice = _library(encoding)
    options = {"channel": channel, "write_only": write_only, **choice}
    if queue.startswith((KOMBU, "kafka:")):
        scheme = queue.partition(":")[0]
        raise ValueError(f"python-socketio has no asynchronous manager for {scheme}://")
    if queue.startswith(("amqp:", "amqps:")):
        return library.AsyncAioPikaManager(queue, **options)
    return library.AsyncRedisManager(queue, **options)


def _library(encoding: str | None) -> tuple[Any, dict[str, Any]]:
    """Where the managers are, and how they are told what to write."""
    if encoding is None:
        return socketio, {}
    return importlib.import_module("msgpack_channel"), {"encoding": encoding}
