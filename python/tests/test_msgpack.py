"""Without a broker; `test/cross-language/msgpack*.test.ts` in the repository have each of them."""

import asyncio
import json
import logging
import sys
from typing import Any

import msgpack
import pytest
import socketio
from socketio import pubsub_manager
from socketio.async_pubsub_manager import AsyncPubSubManager

import socketio_bridge.msgpack
from socketio_bridge import InvalidOptionError, MissingPackageError
from socketio_bridge.msgpack import AsyncMsgpack, Msgpack, dumps, loads

EMIT = {"method": "emit", "event": "e", "data": {"n": 1}, "namespace": "/", "binary": False}


@pytest.fixture
def not_loaded():
    """As if nothing had been encoded yet."""
    socketio_bridge.msgpack._library.cache_clear()
    yield
    socketio_bridge.msgpack._library.cache_clear()


class Line(socketio.PubSubManager):
    """A manager of one's own, whose channel is a list."""

    name = "line"

    def __init__(self, line, **options):
        super().__init__(**options)
        self.line = line

    def _publish(self, data):
        self.line.append(self.json.dumps(data))

    def _listen(self):
        yield from self.line


class OnLine(Msgpack, Line):
    pass


def test_bytes_are_sent_as_they_are():
    line: list[Any] = []
    manager = OnLine(line, write_only=True)
    manager.emit("picture", ({"png": b"\x89PNG"}, [b"", "text"]))
    (payload,) = line
    message = msgpack.unpackb(payload)
    # A tuple of arguments is a list in a list from 5.15.1 on.
    assert {"png": b"\x89PNG"} in message["data"]
    assert message["binary"] is False
    assert payload[0] == 0xDE, "in the form that is no opcode of a pickle"
    assert list(manager._listen()) == [message]


def test_a_manager_reads_both_encodings_and_writes_the_one_it_is_told_to():
    line: list[Any] = []
    OnLine(line, encoding="json", write_only=True).emit("e", 1)
    OnLine(line, write_only=True).emit("e", 1)
    first, second = OnLine(line)._listen()
    assert json.loads(line[0]) == first
    assert {**first, "host_id": None} == {**second, "host_id": None}


def test_what_messagepack_cannot_represent_is_json():
    for data in [2**64, "\ud800", [-(2**70)]]:
        payload = dumps({**EMIT, "data": data})
        assert payload.startswith(b"{")
        assert loads(payload)["data"] == data


def test_integers_of_64_bits_and_their_keys_stay_what_they_are():
    data = {1: 2**53 + 1, "1": 2**64 - 1, None: -(2**63)}
    assert loads(dumps({**EMIT, "data": data}))["data"] == data


def test_the_module_is_a_json_of_a_write_only_manager():
    line: list[Any] = []
    Line(line, write_only=True, json=socketio_bridge.msgpack).emit("e", b"\xff")
    assert loads(line[0])["data"] == [b"\xff"]


def test_a_server_with_such_a_manager_keeps_json_for_its_clients():
    manager = OnLine([])
    server = socketio.Server(client_manager=manager, async_mode="threading")
    assert manager.json is not server.packet_class.json


def test_what_cannot_be_read_is_logged_without_its_content(caplog):
    line = [b"\xde\x00secret", b"\x80\x04.", b"17", {"method": "given"}]
    with caplog.at_level(logging.WARNING):
        assert list(OnLine(line, logger=logging.getLogger("tests"))._listen()) == [{"method": "given"}]
    assert caplog.text.count("Cannot read a message of the channel") == 2
    assert "secret" not in caplog.text


def test_an_asynchronous_manager_reads_both():
    class Async(AsyncPubSubManager):
        async def _listen(self):
            yield dumps(EMIT)
            yield json.dumps(EMIT).encode()

    class OnAsync(AsyncMsgpack, Async):
        pass

    async def read():
        return [message async for message in OnAsync()._listen()]

    assert asyncio.run(read()) == [EMIT, EMIT]


def test_another_encoding_is_refused():
    with pytest.raises(InvalidOptionError, match="encoding is 'yaml'; it takes json or msgpack"):
        OnLine([], encoding="yaml")


@pytest.mark.usefixtures("not_loaded")
def test_without_msgpack_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "msgpack", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'socketio-python-bridge\[msgpack\]'") as info:
        OnLine([], encoding="json")
    assert info.value.name == "msgpack"


@pytest.mark.usefixtures("not_loaded")
def test_a_release_that_reads_pickles_is_refused(monkeypatch):
    monkeypatch.setattr(pubsub_manager, "pickle", object(), raising=False)
    with pytest.raises(MissingPackageError, match=r"needs python-socketio 5\.14\.2 or later"):
        OnLine([])
