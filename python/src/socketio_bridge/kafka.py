"""A ``KafkaManager`` that can publish.

From 5.14 on, that of python-socketio passes a ``str`` to kafka-python, which takes bytes: each emit raises
``TypeError: Unsupported type for serialized value`` with kafka-python 3, or a bare ``AssertionError`` with earlier
releases. Tested with python-socketio 5.14.1 to 5.18.1, and with kafka-python 1.4.7, 2.0.2, 2.2.15, 2.3.0 and 3.0.12.

It needs ``pip install 'socketio-python-bridge[kafka]'``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import socketio
from engineio import json

from .errors import MissingPackageError

if TYPE_CHECKING:
    from types import ModuleType


class KafkaManager(socketio.KafkaManager):
    """``socketio.KafkaManager``, with all brokers, the login and the encryption in its URL.

    Flask-SocketIO makes a manager of its own of a ``message_queue``. Give it this one as its ``client_manager``, with
    the channel ``flask-socketio`` if other processes use that default.

    Args:
        url: such as ``kafka://h1:9092,h2:9092``. Its query may have any option of kafka-python that is text, as
            ``security_protocol``, ``sasl_mechanism``, ``sasl_plain_username`` and ``sasl_plain_password``, and
            ``ssl_check_hostname=false``. The same URL works for a Node host.
        channel: the topic.
        write_only: for a process without a server, which only emits.
        options: those of ``socketio.PubSubManager``.

    Raises:
        MissingPackageError: without kafka-python.
        kafka.errors.KafkaError: when no broker can be reached.

    Example::

        socketio.Server(client_manager=KafkaManager("kafka://host:9092"))
        KafkaManager("kafka://host:9092", channel="flask-socketio", write_only=True).emit("progress", 42)

    """

    def __init__(
        self,
        url: str = "kafka://localhost:9092",
        channel: str = "socketio",
        write_only: bool = False,  # noqa: FBT001, FBT002 - as in python-socketio
        **options: Any,
    ) -> None:
        """Connect to the brokers."""
        kafka = _client_library()
        # Not that of `socketio.KafkaManager`, whose clients get only the brokers.
        socketio.PubSubManager.__init__(self, channel=channel, write_only=write_only, **options)
        settings = _settings(url)
        self.producer = kafka.KafkaProducer(**settings)
        if not write_only:
            self.consumer = kafka.KafkaConsumer(channel, **settings)

    def _publish(self, data: dict[str, Any]) -> None:
        # Before 5.16.1 a manager has no module of its own.
        codec = getattr(self, "json", json)
        self.producer.send(self.channel, value=codec.dumps(data).encode())
        self.producer.flush()


def _client_library() -> ModuleType:
    try:
        return importlib.import_module("kafka")
    except ModuleNotFoundError as error:
        text = "KafkaManager needs kafka-python: pip install 'socketio-python-bridge[kafka]'"
        raise MissingPackageError(text, name=error.name) from error


def _settings(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    settings: dict[str, Any] = dict(parse_qsl(parts.query))
    if "ssl_check_hostname" in settings:
        settings["ssl_check_hostname"] = settings["ssl_check_hostname"] != "false"
    servers = parts.netloc or "localhost:9092"
    return {"bootstrap_servers": servers.split(","), **settings}
