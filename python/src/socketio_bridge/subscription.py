"""Whether this process hears the channel.

A worker subscribes at its first call. What is published before that is through never reaches it, such as the answer
of a client to ``call()``. So it publishes marks of its own until it hears one, and runs no handler before.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

logger = logging.getLogger("socketio_bridge")

_AGAIN = 0.1
"""Seconds between two marks: one that was published too early is lost."""

_LONGEST = 10.0
"""Seconds after which handlers run anyway. Their emits do not need the subscription."""


class Subscription:
    """Starts the manager of a server, and waits until it hears its channel. Of one process."""

    def __init__(self, server: Any) -> None:
        """Watch what the manager hears: ``PubSubManager._listen``."""
        self._server = server
        self._mark = f"subscription {uuid.uuid4()}"
        self._lock = threading.Lock()
        self._heard = threading.Event()
        # A manager that the application has started reads already, and what it hears cannot be watched any more.
        self._is_over = bool(server.manager_initialized)
        self._waiting: asyncio.Future[None] | None = None
        if not self._is_over:
            self._watch(server.manager)

    def wait(self) -> None:
        """Block until this process hears its channel. Also where several threads begin at once."""
        if self._is_over:
            return
        with self._lock:
            if self._is_over:
                return
            try:
                self._start()
                end = time.monotonic() + _LONGEST
                while not self._heard.is_set() and time.monotonic() < end:
                    self._server.manager._publish(self._message())
                    self._heard.wait(_AGAIN)
                self._finish()
            except Exception as error:  # noqa: BLE001 - each queue has errors of its own
                self._failed(error)

    async def wait_async(self) -> None:
        """Return when this process hears its channel. Also where several tasks begin at once."""
        if self._is_over:
            return
        if self._waiting is None:
            self._waiting = asyncio.ensure_future(self._subscribe())
        # One request that is cancelled does not end the wait of the others.
        await asyncio.shield(self._waiting)

    async def _subscribe(self) -> None:
        try:
            self._start()
            end = time.monotonic() + _LONGEST
            while not self._heard.is_set() and time.monotonic() < end:
                await self._server.manager._publish(self._message())
                for _ in range(10):
                    if not self._heard.is_set():
                        await asyncio.sleep(_AGAIN / 10)
            self._finish()
        except Exception as error:  # noqa: BLE001 - each queue has errors of its own
            self._failed(error)
        finally:
            self._waiting = None

    def _start(self) -> None:
        """Start what reads the channel, after a fork: ``Server._handle_eio_connect``."""
        if not self._server.manager_initialized:
            self._server.manager.initialize()
            self._server.manager_initialized = True

    def _finish(self) -> None:
        self._is_over = True
        if not self._heard.is_set():
            logger.warning("this worker does not hear its channel: acknowledgements of clients may not reach call()")

    @staticmethod
    def _failed(error: Exception) -> None:
        """Let the handler run, and the next call try again."""
        logger.error("the queue cannot be reached", exc_info=error)

    def _message(self) -> dict[str, Any]:
        return {"method": "edge_mark", "mark": self._mark}

    def _note(self, message: Any) -> None:
        """Each queue hands out its messages in a form of its own."""
        if not self._heard.is_set():
            text = bytes(message) if isinstance(message, (bytes, bytearray)) else str(message).encode()
            if self._mark.encode() in text:
                self._heard.set()

    def _watch(self, manager: Any) -> None:
        listen = manager._listen

        def heard() -> Iterator[Any]:
            for message in listen():
                self._note(message)
                yield message

        async def heard_async() -> AsyncIterator[Any]:
            async for message in listen():
                self._note(message)
                yield message

        manager._listen = heard_async if inspect.isasyncgenfunction(listen) else heard
