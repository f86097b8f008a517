"""A KafkaManager for python-socketio that works with kafka-python.

From 5.14 on, the KafkaManager of python-socketio passes a str to kafka-python,
which takes bytes, so that every emit raises `TypeError: Unsupported type for
serialized value` with kafka-python 3, or a bare `AssertionError` with earlier
releases. This is a single file to copy. It needs python-socketio 5.14 or later
(tested with 5.14.1, 5.14.3, 5.15.1 and 5.18.1, and with kafka-python 1.4.7, 2.0.2,
2.2.15, 2.3.0 and 3.0.12).

    from kafka_bytes import KafkaManager

    manager = KafkaManager("kafka://host:9092", channel="chat")
    sio = socketio.Server(client_manager=manager)           # python-socketio
    sio = SocketIO(app, client_manager=manager)             # Flask-SocketIO

    emitter = KafkaManager("kafka://host:9092", channel="chat", write_only=True)

Flask-SocketIO creates a manager of its own for a `message_queue=`, which fails;
so give it a `client_manager`. Use the channel `flask-socketio` if the other
processes use that default.

The URL may name several brokers. Its query may have any option of kafka-python
whose value is a string, for login and encryption:

    kafka://h1:9092,h2:9092?security_protocol=SASL_SSL&sasl_mechanism=PLAIN
        &sasl_plain_username=chat&sasl_plain_password=…&ssl_cafile=/etc/ca.pem

The same URL works for a Node host. Percent-encode characters that are special in
a query.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import kafka
import socketio
from engineio import json


class KafkaManager(socketio.KafkaManager):
    def __init__(
        self,
        url: str = "kafka://localhost:9092",
        channel: str = "socketio",
        write_only: bool = False,
        **options: Any,
    ) -> None:
        # Not that of KafkaManager, whose clients get only the brokers.
        socketio.PubSubManager.__init__(
            self, channel=channel, write_only=write_only, **options
        )
        settings = _settings(url)
        self.producer = kafka.KafkaProducer(**settings)
        if not write_only:
            self.consumer = kafka.KafkaConsumer(channel, **settings)

    def _publish(self, data: dict[str, Any]) -> None:
        # Before 5.16.1 a manager has no module of its own.
        codec = getattr(self, "json", json)
        self.producer.send(self.channel, value=codec.dumps(data).encode())
        self.producer.flush()


def _settings(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    settings: dict[str, Any] = dict(parse_qsl(parts.query))
    if "ssl_check_hostname" in settings:
        settings["ssl_check_hostname"] = settings["ssl_check_hostname"] != "false"
    servers = parts.netloc or "localhost:9092"
    return {"bootstrap_servers": servers.split(","), **settings}
