"""MessagePack on the channel of a python-socketio fleet, instead of JSON.

Bytes are sent as they are, without base64, in acknowledgements too. This is a
single file to copy. It needs `pip install msgpack` and python-socketio 5.14.2 or
later (tested with 5.14.2, 5.15.1, 5.16.1 and 5.18.1); 5.15.1 or later where Node
hosts take part, which misread the lists of earlier ones.

A server uses a manager from here, which has the same name as in python-socketio:

    import msgpack_channel

    manager = msgpack_channel.RedisManager(url, channel="chat")
    sio = socketio.Server(client_manager=manager)           # python-socketio
    sio = SocketIO(app, client_manager=manager)             # Flask-SocketIO

There are also AsyncRedisManager, KombuManager, AsyncAioPikaManager and
KafkaManager. They read both encodings, and write MessagePack unless told
otherwise:

    manager = msgpack_channel.RedisManager(url, encoding="json")

So a fleet can be migrated while it runs: first every Python server uses a
manager from here and writes JSON; when all of them do, `encoding` is removed one
by one. A server that reads only JSON silently drops MessagePack.

A class of two lines adds this to any other manager that uses JSON, such as the
one of kafka_bytes.py; AsyncMsgpack is for asynchronous managers:

    class KafkaManager(msgpack_channel.Msgpack, kafka_bytes.KafkaManager):
        pass

A write-only manager may come from here too. From python-socketio 5.16.1 on, this
module can also be passed as its `json=` (not for AsyncAioPikaManager):

    socketio.RedisManager(url, write_only=True, json=msgpack_channel)

Never pass it to a server as `json=`: its clients use JSON.
"""

from __future__ import annotations

import base64
import types
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgpack
import socketio
from engineio import json
from socketio import pubsub_manager
from socketio.packet import Packet

if hasattr(pubsub_manager, "pickle"):
    raise ImportError("msgpack_channel needs python-socketio 5.14.2 or later")

# The short form of a map starts with a byte that python-socketio before 5.14
# would execute as an opcode of a pickle; this one is not an opcode.
MAP_16 = b"\xde\x00"


def dumps(message: dict[str, Any]) -> bytes:
    """Encodes what a manager publishes, with bytes instead of its base64."""
    plain = message
    if message.get("binary"):
        value, *attachments = message["data"]
        attachments = [base64.b64decode(attachment) for attachment in attachments]
        value = Packet.reconstruct_binary(value, attachments)
        plain = {**message, "data": value, "binary": False}
    try:
        packed = msgpack.packb(plain)
    except (OverflowError, UnicodeEncodeError):
        # An integer beyond 64 bits or a lone surrogate: JSON can represent them,
        # and every reader of MessagePack reads both.
        return json.dumps(message).encode()
    return MAP_16 + bytes([packed[0] & 0x0F]) + packed[1:]


def loads(payload: bytes | str) -> Any:
    """Decodes a message in either encoding, by its first byte."""
    first = payload[:1]
    if isinstance(first, bytes) and (b"\x81" <= first <= b"\x8f" or first in (b"\xde", b"\xdf")):
        return msgpack.unpackb(payload, strict_map_key=False)
    return json.loads(payload)


class _Encoded(bytes):
    """For managers that encode the result of `dumps`."""

    def encode(self) -> bytes:
        return bytes(self)


class _Codec:
    """Takes the place of the JSON module of a manager."""

    def __init__(self, encoding: str, body: type[bytes]) -> None:
        if encoding not in ("json", "msgpack"):
            raise ValueError(f"encoding is {encoding!r}; it takes json or msgpack")
        self.encoding = encoding
        self.body = body

    def dumps(self, message: dict[str, Any]) -> bytes:
        if self.encoding == "msgpack":
            return self.body(dumps(message))
        return self.body(json.dumps(message).encode())


class _Manager:
    """Mixin for a manager of python-socketio."""

    _body: type[bytes] = _Encoded

    def __init__(self, *args: Any, encoding: str = "msgpack", **kwargs: Any) -> None:
        self._codec = _Codec(encoding, self._body)
        super().__init__(*args, **kwargs)
        publish = type(self)._publish
        if "json" in publish.__globals__:
            # Before 5.16.1, `json` is a global of the module.
            scope = {**publish.__globals__, "json": self._codec}
            copy = types.FunctionType(publish.__code__, scope)
            self._publish = types.MethodType(copy, self)

    @property
    def json(self) -> _Codec:
        return self._codec

    @json.setter
    def json(self, _: Any) -> None:
        """Ignores the module that a server sets, which is for its clients."""

    def _read(self, payload: bytes | str | dict[str, Any]) -> dict[str, Any] | None:
        """A dictionary, which every release accepts from its listener as it is."""
        if isinstance(payload, dict):
            return payload
        try:
            message = loads(payload)
        except Exception as error:
            # Without the content, which belongs to the clients.
            reason = f"{type(error).__name__}, {len(payload)} characters from {payload[:2]!r}"
            self._get_logger().warning(f"Cannot read a message of the channel: {reason}")
            return None
        return message if isinstance(message, dict) else None


class Msgpack(_Manager):
    def _listen(self) -> Iterator[dict[str, Any]]:
        for payload in super()._listen():
            message = self._read(payload)
            if message is not None:
                yield message


class AsyncMsgpack(_Manager):
    async def _listen(self) -> AsyncIterator[dict[str, Any]]:
        async for payload in super()._listen():
            message = self._read(payload)
            if message is not None:
                yield message


class RedisManager(Msgpack, socketio.RedisManager):
    pass


class AsyncRedisManager(AsyncMsgpack, socketio.AsyncRedisManager):
    pass


class KombuManager(Msgpack, socketio.KombuManager):
    pass


class KafkaManager(Msgpack, socketio.KafkaManager):
    # kafka-python accepts only exactly this type.
    _body = bytes


class AsyncAioPikaManager(AsyncMsgpack, socketio.AsyncAioPikaManager):
    async def _exchange(self, channel: Any) -> Any:
        exchange = await super()._exchange(channel)
        publish = exchange.publish

        async def publish_bytes(message: Any, *args: Any, **kwargs: Any) -> Any:
            # Without these, Kombu decodes it as UTF-8, and its listener fails.
            message.content_type = "application/data"
            message.content_encoding = "binary"
            return await publish(message, *args, **kwargs)

        exchange.publish = publish_bytes
        return exchange
