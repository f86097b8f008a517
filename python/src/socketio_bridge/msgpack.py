"""python-socketio's managers with MessagePack on the channel, instead of JSON.

Bytes are sent as they are, without base64, in acknowledgements too. A server uses a manager from here, which has the
same name and arguments as in python-socketio::

    from socketio_bridge.msgpack import RedisManager

    manager = RedisManager("redis://localhost:6379", channel="flask-socketio")
    sio = socketio.Server(client_manager=manager)  # python-socketio
    sio = SocketIO(app, client_manager=manager)  # Flask-SocketIO

The managers read both encodings. They write MessagePack, or JSON with ``encoding="json"``, so that a fleet can be
migrated while it runs: a server that reads only JSON silently drops MessagePack.

A class of two lines adds this to any other manager that uses JSON; ``AsyncMsgpack`` is for asynchronous ones::

    class Manager(Msgpack, MyManager):
        pass

A write-only manager may come from here too. From python-socketio 5.16.1 on, this module can also be passed as its
``json``, except to ``AsyncAioPikaManager``. Never pass it to a server as ``json``, whose clients use JSON::

    socketio.RedisManager(url, write_only=True, json=socketio_bridge.msgpack)

It needs ``pip install 'socketio-python-bridge[msgpack]'`` and python-socketio 5.14.2 or later (tested with 5.14.2,
5.15.1, 5.16.1 and 5.18.1); 5.15.1 or later where Node hosts take part, which misread the lists of earlier releases.
"""

from __future__ import annotations

import base64
import functools
import importlib
import types
from typing import TYPE_CHECKING, Any

import socketio
from engineio import json
from socketio import pubsub_manager
from socketio.packet import Packet

from . import kafka
from .errors import InvalidOptionError, MissingPackageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

__all__ = [
    "AsyncAioPikaManager",
    "AsyncMsgpack",
    "AsyncRedisManager",
    "KafkaManager",
    "KombuManager",
    "Msgpack",
    "RedisManager",
    "dumps",
    "loads",
]

# The short form of a map starts with a byte that python-socketio before 5.14 would execute as an opcode of a pickle;
# this one is not an opcode.
_MAP_16 = b"\xde\x00"


def dumps(message: dict[str, Any]) -> bytes:
    """Encode what a manager publishes, with bytes instead of its base64.

    What MessagePack cannot represent (an integer beyond 64 bits, a lone surrogate) is encoded as JSON.

    Raises:
        TypeError: for a value that has no form in JSON either.
        MissingPackageError: without msgpack.

    """
    plain = message
    if message.get("binary"):
        value, *attachments = message["data"]
        decoded = [base64.b64decode(attachment) for attachment in attachments]
        plain = {**message, "data": Packet.reconstruct_binary(value, decoded), "binary": False}
    try:
        packed: bytes = _library().packb(plain)
    except (OverflowError, UnicodeEncodeError):
        return _as_json(message)
    return _MAP_16 + bytes([packed[0] & 0x0F]) + packed[1:]


def loads(payload: bytes | str) -> Any:
    """Decode a message in either encoding, by its first byte.

    Raises:
        ValueError: for a payload that is neither.
        MissingPackageError: without msgpack.

    """
    first = payload[:1]
    if isinstance(first, bytes) and (b"\x81" <= first <= b"\x8f" or first in (b"\xde", b"\xdf")):
        return _library().unpackb(payload, strict_map_key=False)
    return json.loads(payload)


def _as_json(message: dict[str, Any]) -> bytes:
    text: str = json.dumps(message)
    return text.encode()


@functools.cache
def _library() -> types.ModuleType:
    if hasattr(pubsub_manager, "pickle"):
        text = "MessagePack on the channel needs python-socketio 5.14.2 or later, which reads no pickles"
        raise MissingPackageError(text, name="socketio")
    try:
        return importlib.import_module("msgpack")
    except ModuleNotFoundError as error:
        text = "MessagePack on the channel needs msgpack: pip install 'socketio-python-bridge[msgpack]'"
        raise MissingPackageError(text, name=error.name) from error


class _Encoded(bytes):
    """For managers that encode the result of ``dumps``."""

    __slots__ = ()

    def encode(self) -> bytes:
        return bytes(self)


class _Codec:
    """Takes the place of the JSON module of a manager."""

    def __init__(self, encoding: str) -> None:
        if encoding not in ("json", "msgpack"):
            raise InvalidOptionError(f"encoding is {encoding!r}; it takes json or msgpack")
        self.encoding = encoding

    def dumps(self, message: dict[str, Any]) -> bytes:
        return _Encoded(dumps(message) if self.encoding == "msgpack" else _as_json(message))


# A mixin: the attributes that it asks for are those of a manager of python-socketio.
if TYPE_CHECKING:
    _Base = Any
else:
    _Base = object


class _Manager(_Base):
    _publish: Any

    def __init__(self, *args: Any, encoding: str = "msgpack", **options: Any) -> None:
        """Make a manager of python-socketio.

        Args:
            args: those of the manager in python-socketio.
            encoding: what is written: ``"msgpack"`` or ``"json"``. Both are read.
            options: those of the manager in python-socketio, except ``json``.

        Raises:
            MissingPackageError: without msgpack, or with python-socketio before 5.14.2.
            InvalidOptionError: for another encoding.

        """
        _library()
        self._codec = _Codec(encoding)
        super().__init__(*args, **options)
        publish = type(self)._publish
        if "json" in publish.__globals__:
            # Before 5.16.1, `json` is a global of the module.
            scope = {**publish.__globals__, "json": self._codec}
            self._publish = types.MethodType(types.FunctionType(publish.__code__, scope), self)

    @property
    def json(self) -> _Codec:
        return self._codec

    @json.setter
    def json(self, _: Any) -> None:
        """Ignore the module that a server sets, which is for its clients."""

    def _read(self, payload: bytes | str | dict[str, Any]) -> dict[str, Any] | None:
        """Return a dictionary, which every release accepts from its listener as it is."""
        if isinstance(payload, dict):
            return payload
        try:
            message = loads(payload)
        except Exception as error:  # noqa: BLE001 - whatever msgpack raises for foreign bytes
            # Without the content, which belongs to the clients.
            reason = f"{type(error).__name__}, {len(payload)} characters from {payload[:2]!r}"
            self._get_logger().warning(f"Cannot read a message of the channel: {reason}")
            return None
        return message if isinstance(message, dict) else None


class Msgpack(_Manager):
    """Mixin for a manager of a ``Server`` that uses JSON."""

    def _listen(self) -> Iterator[dict[str, Any]]:
        for payload in super()._listen():
            message = self._read(payload)
            if message is not None:
                yield message


class AsyncMsgpack(_Manager):
    """Mixin for a manager of an ``AsyncServer`` that uses JSON."""

    async def _listen(self) -> AsyncIterator[dict[str, Any]]:
        async for payload in super()._listen():
            message = self._read(payload)
            if message is not None:
                yield message


class RedisManager(Msgpack, socketio.RedisManager):
    """``socketio.RedisManager``, with an option ``encoding``."""


class AsyncRedisManager(AsyncMsgpack, socketio.AsyncRedisManager):
    """``socketio.AsyncRedisManager``, with an option ``encoding``."""


class KombuManager(Msgpack, socketio.KombuManager):
    """``socketio.KombuManager``, with an option ``encoding``."""


class KafkaManager(Msgpack, kafka.KafkaManager):
    """``socketio_bridge.kafka.KafkaManager``, with an option ``encoding``."""


class AsyncAioPikaManager(AsyncMsgpack, socketio.AsyncAioPikaManager):
    """``socketio.AsyncAioPikaManager``, with an option ``encoding``."""

    async def _exchange(self, channel: Any) -> Any:
        exchange = await super()._exchange(channel)
        publish = exchange.publish

        async def publish_bytes(message: Any, *args: Any, **options: Any) -> Any:
            # Without these, Kombu decodes it as UTF-8, and its listener fails.
            message.content_type = "application/data"
            message.content_encoding = "binary"
            return await publish(message, *args, **options)

        exchange.publish = publish_bytes
        return exchange
