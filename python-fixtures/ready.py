"""Starts the queue listener of a Socket.IO server and waits until it hears.

A python-socketio server subscribes when its first client connects, and says
nothing when it is done. Here it is started at once, and then sent a message
that means nothing to any other host of the fleet: the answer to a callback of
its own. When the callback runs, the way through the broker and back is open:
over Redis it has subscribed, over RabbitMQ its queue is declared, bound and
consumed, over Kafka its first poll has fixed its positions. What was published
before is lost, so it is sent again until then.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import redis
import socketio

RESEND_AFTER = 0.05

AnyManager = socketio.PubSubManager | socketio.AsyncManager


def start_listening(sio: socketio.Server, timeout: float = 10) -> None:
    """Returns when the server hears its channel; TimeoutError if it does not."""
    _initialize(sio)
    _wait_until_heard(sio.manager, timeout)


async def start_listening_async(sio: socketio.AsyncServer, timeout: float = 10) -> None:
    """The same for an AsyncServer, to be awaited in the loop that runs it."""
    _initialize(sio)
    await asyncio.to_thread(_wait_until_heard, sio.manager, timeout)


def _initialize(sio: socketio.Server | socketio.AsyncServer) -> None:
    # What the server does when the first client connects; the flag keeps it
    # from doing so again, for a second listener would hear everything twice.
    sio.manager_initialized = True
    sio.manager.initialize()


def _wait_until_heard(manager: AnyManager, timeout: float) -> None:
    name = f"ready {manager.host_id}"
    heard = threading.Event()
    deadline = time.monotonic() + timeout
    with _publisher(manager) as publish:
        while not heard.is_set():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not subscribed after {timeout} s")
            message = {
                "method": "callback",
                "host_id": manager.host_id,
                "sid": name,
                "namespace": "/",
                "id": manager._generate_ack_id(name, heard.set),
                "args": [],
            }
            publish(json.dumps(message))
            heard.wait(RESEND_AFTER)
    del manager.callbacks[name]


@contextlib.contextmanager
def _publisher(manager: AnyManager) -> Iterator[Callable[[str], Any]]:
    """Publishes to the channel of a manager, over a connection of its own.

    The manager's are being made by its listener, at this very moment, in
    another thread.
    """
    if isinstance(manager, socketio.AsyncAioPikaManager):
        # It declares the same exchange as a KombuManager.
        manager = socketio.KombuManager(manager.url, channel=manager.channel)
    if isinstance(manager, socketio.KafkaManager):
        # Its producer may be used from any thread.
        yield lambda text: manager.producer.send(manager.channel, text.encode())
    elif isinstance(manager, socketio.KombuManager):
        with manager._connection() as connection:
            yield manager._producer_publish(connection)
    else:
        with redis.Redis.from_url(manager.redis_url) as connection:
            yield functools.partial(connection.publish, manager.channel)
