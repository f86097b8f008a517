"""The manager of python-socketio that speaks to a queue, by the queue's URL.

    redis://…, rediss://…     RedisManager, AsyncRedisManager
    amqp://…, amqps://…       KombuManager, AsyncAioPikaManager
    kombu+redis://…           KombuManager("redis://…"), and so for whatever
                              kombu takes behind `kombu+`
    kafka://…                 KafkaManager

The schemes are those of the bridge. Python takes `redis://` for both of the
first and the third, and tells them apart by the class.
"""

from __future__ import annotations

from typing import Any

import socketio

KOMBU = "kombu+"


def create_manager(
    queue: str, channel: str, *, write_only: bool = False
) -> socketio.PubSubManager:
    """A manager for a Server, or one that stands alone and emits from threads."""
    options = {"channel": channel, "write_only": write_only}
    if queue.startswith("kafka:"):
        return _create_kafka_manager(queue, options)
    if queue.startswith((KOMBU, "amqp:", "amqps:")):
        return socketio.KombuManager(queue.removeprefix(KOMBU), **options)
    return socketio.RedisManager(queue, **options)


def create_async_manager(
    queue: str, channel: str, *, write_only: bool = False
) -> socketio.AsyncManager:
    """The same for an AsyncServer; ValueError where Python has none."""
    options = {"channel": channel, "write_only": write_only}
    if queue.startswith((KOMBU, "kafka:")):
        scheme = queue.partition(":")[0]
        raise ValueError(f"python-socketio has no asynchronous manager for {scheme}://")
    if queue.startswith(("amqp:", "amqps:")):
        return socketio.AsyncAioPikaManager(queue, **options)
    return socketio.AsyncRedisManager(queue, **options)


def _create_kafka_manager(queue: str, options: dict[str, Any]) -> socketio.KafkaManager:
    return socketio.KafkaManager(queue, **options)
