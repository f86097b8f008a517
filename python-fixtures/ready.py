"""Starts the queue listener of a Socket.IO server and waits for its subscription.

A python-socketio server subscribes when its first client connects, and does not
report when it is done. Here its listener is started at once, and then a message
is published that means nothing to any other host: the result of a callback of
this server. Once it arrives, the server is subscribed: over Redis the
subscription exists, over RabbitMQ the queue is declared, bound and consumed, over
Kafka the first poll has fixed the positions, over ZeroMQ the forwarder has the
filter of its socket. Earlier messages are lost, so it is
published repeatedly until then.

This works with python-socketio 4.6 and later.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Union

import socketio

from managers import KOMBU, client_modules, one_node

RESEND_AFTER = 0.05

AnyServer = Union[socketio.Server, socketio.AsyncServer]
AnyManager = Union[socketio.PubSubManager, socketio.AsyncManager]


def start_listening(sio: socketio.Server, queue: str, timeout: float = 10) -> None:
    """Returns when the server is subscribed. Raises TimeoutError otherwise."""
    _initialize(sio)
    _wait_until_heard(sio.manager, queue, timeout)


async def start_listening_async(
    sio: socketio.AsyncServer, queue: str, timeout: float = 10
) -> None:
    """The same for an AsyncServer. Await it in the loop that runs the server."""
    _initialize(sio)
    await asyncio.to_thread(_wait_until_heard, sio.manager, queue, timeout)


def _initialize(sio: AnyServer) -> None:
    # The server does this when the first client connects. The flag prevents a
    # second listener, which would receive everything twice.
    sio.manager_initialized = True
    sio.manager.initialize()


def _wait_until_heard(manager: AnyManager, queue: str, timeout: float) -> None:
    name = f"ready {manager.host_id}"
    message = {
        "method": "callback",
        "host_id": manager.host_id,
        "sid": name,
        "namespace": "/",
        "id": 1,
        "args": [],
    }
    deadline = time.monotonic() + timeout
    with _hearing(manager, name) as heard, _publisher(manager, queue) as publish:
        while not heard.is_set():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not subscribed after {timeout} s")
            publish(json.dumps(message))
            heard.wait(RESEND_AFTER)


@contextlib.contextmanager
def _hearing(manager: AnyManager, name: str) -> Iterator[threading.Event]:
    """Sets the event when the message arrives, which the manager itself ignores."""
    heard = threading.Event()
    handle = manager._handle_callback

    def listen(message: dict[str, Any]) -> Any:
        if message.get("sid") == name:
            heard.set()
        return handle(message)

    manager._handle_callback = listen
    yield heard
    del manager._handle_callback


@contextlib.contextmanager
def _publisher(manager: AnyManager, queue: str) -> Iterator[Callable[[str], Any]]:
    """Publishes to the channel of a manager, over a connection of its own.

    The listener is just opening those of the manager, in another thread.
    """
    if queue.startswith("kafka:"):
        # The producer is thread-safe.
        yield lambda text: manager.producer.send(manager.channel, text.encode())
    elif queue.startswith("zmq+"):
        # Its sockets are there from the start.
        yield lambda text: manager._publish(json.loads(text))
    elif queue.startswith((KOMBU, "amqp:", "amqps:")):
        kombu = importlib.import_module("kombu")
        with kombu.Connection(queue.removeprefix(KOMBU)) as connection:
            # As KombuManager and AsyncAioPikaManager declare it.
            exchange = kombu.Exchange(manager.channel, type="fanout", durable=False)
            yield connection.Producer(exchange=exchange).publish
    else:
        with contextlib.closing(_redis_client(manager, queue)) as connection:
            yield functools.partial(connection.publish, manager.channel)


def _redis_client(manager: AnyManager, queue: str) -> Any:
    [library] = client_modules(queue)
    if "+sentinel:" not in queue:
        return importlib.import_module(library).from_url(one_node(queue))
    parse = importlib.import_module("socketio.redis_manager").parse_redis_sentinel_url
    sentinels, service, options = parse(queue)
    module = importlib.import_module(f"{library}.sentinel")
    return module.Sentinel(sentinels, **options).master_for(service or manager.channel)
