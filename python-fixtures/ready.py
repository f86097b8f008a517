"""Starts the Redis listener of a Socket.IO server and waits until it hears.

A python-socketio server subscribes when its first client connects, and says
nothing when it is done. Here it is started at once, and then sent a message
that means nothing to any other host of the fleet: the answer to a callback of
its own. When the callback runs, the way through Redis and back is open. What
was published before the subscription is lost, so it is sent again until then.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time

import redis
import socketio

RESEND_AFTER = 0.05


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


def _wait_until_heard(
    manager: socketio.RedisManager | socketio.AsyncRedisManager, timeout: float
) -> None:
    name = f"ready {manager.host_id}"
    heard = threading.Event()
    deadline = time.monotonic() + timeout
    # A connection of its own: the manager's are being made by its listener, at
    # this very moment, in another thread.
    with redis.Redis.from_url(manager.redis_url) as publisher:
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
            publisher.publish(manager.channel, json.dumps(message))
            heard.wait(RESEND_AFTER)
    del manager.callbacks[name]
