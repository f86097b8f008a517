"""Without a broker; `test/cross-language/kafka-manager.test.ts` in the repository has one."""

import json
import sys
from typing import Any

import kafka
import pytest

import socketio_bridge
from socketio_bridge.kafka import KafkaManager


@pytest.fixture
def clients(monkeypatch):
    """What the clients of kafka-python are made with, and what they send."""
    made: list[Any] = []

    class Client:
        def __init__(self, *topics, **settings):
            made.append((*topics, settings))

        def send(self, topic, value):
            made.append((topic, value))

        def flush(self):
            made.append("flushed")

    monkeypatch.setattr(kafka, "KafkaProducer", Client)
    monkeypatch.setattr(kafka, "KafkaConsumer", Client)
    return made


def test_all_brokers_and_options_of_the_url_reach_both_clients(clients):
    KafkaManager(
        "kafka://h1:1,h2:2?security_protocol=SSL&ssl_check_hostname=false&ssl_cafile=%2Fca.pem", channel="chat"
    )
    settings = {
        "bootstrap_servers": ["h1:1", "h2:2"],
        "security_protocol": "SSL",
        "ssl_check_hostname": False,
        "ssl_cafile": "/ca.pem",
    }
    assert clients == [(settings,), ("chat", settings)]


def test_a_write_only_manager_has_no_consumer_and_publishes_bytes(clients):
    manager = KafkaManager("kafka://", write_only=True)
    manager.emit("hello", {"n": 1})
    settings, (topic, value), flushed = clients
    assert settings == ({"bootstrap_servers": ["localhost:9092"]},)
    assert topic == "socketio"
    assert type(value) is bytes
    assert json.loads(value)["event"] == "hello"
    assert flushed == "flushed"


def test_without_kafka_python_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "kafka", None)
    with pytest.raises(
        socketio_bridge.MissingPackageError, match=r"pip install 'socketio-python-bridge\[kafka\]'"
    ) as info:
        KafkaManager()
    assert (info.value.code, info.value.name) == ("BRIDGE_MISSING_PACKAGE", "kafka")
