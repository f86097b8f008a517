"""The line protocol of `peer.py` and `client.py`, and the typed JSON in it.

Requests arrive on stdin and replies go to stdout, one JSON object a line:

    {"id": 1, "op": "emit", ...}  ->  {"id": 1, "ok": result}
                                  or  {"id": 1, "error": "ValueError: ..."}

Lines `{"event": ...}` in between report what happens. Requests are processed in
order, except that one which waits for a peer, as `call` does, runs concurrently.
The process ends with its stdin.

A program that lacks a package reports that, and ends:

    {"event": "unavailable", "missing": "uvicorn", "reason": "..."}

Values that JSON cannot represent are written, at any depth, as

    {"$bytes": "<base64>"}             bytes
    {"$tuple": [...]}                  a tuple
    {"$int": "9007199254740993"}       an integer that a double cannot hold
    {"$float": "nan"|"inf"|"1.0"|...}  a float that would not be recognized as
                                       one in JSON
    {"$bytearray": "<base64>"}         a bytearray; never in a reply
    {"$dict": [[key, value], ...]}     a dict whose keys are not strings, or look
                                       like one of these; never in a reply
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import functools
import inspect
import json
import math
import os
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

MAX_SAFE_INTEGER = 2**53 - 1

_stdout_lock = threading.Lock()


def encode(value: Any) -> Any:
    """Turns a Python value into typed JSON."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if abs(value) <= MAX_SAFE_INTEGER else {"$int": str(value)}
    if isinstance(value, float):
        plain = math.isfinite(value) and not value.is_integer()
        return value if plain else {"$float": repr(value)}
    if isinstance(value, (bytes, bytearray)):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, tuple):
        return {"$tuple": [encode(item) for item in value]}
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {key: encode(item) for key, item in value.items()}
    raise TypeError(f"no typed JSON for {type(value).__name__}")


def decode(value: Any) -> Any:
    """Turns typed JSON into the Python value."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(tag, content)] = value.items()
        if tag == "$bytes":
            return base64.b64decode(content, validate=True)
        if tag == "$tuple":
            return tuple(decode(item) for item in content)
        if tag == "$int":
            return int(content)
        if tag == "$float":
            return float(content)
        if tag == "$bytearray":
            return bytearray(base64.b64decode(content, validate=True))
        if tag == "$dict":
            return {decode(key): decode(item) for key, item in content}
    return {key: decode(item) for key, item in value.items()}


def payload(request: Mapping[str, Any]) -> Any:
    """The `data` of a request; `emit(event)` is `emit(event, None)`."""
    data = None if request.get("no_data") else decode(request.get("data"))
    return tuple(data) if request.get("tuple") else data


def send(message: Mapping[str, Any]) -> None:
    """Writes one line, from any thread."""
    line = json.dumps(message, allow_nan=False)
    with _stdout_lock:
        print(line, flush=True)


def start_event_loop() -> asyncio.AbstractEventLoop:
    """Runs an event loop in a thread, while the main thread reads stdin."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


def run_in(
    loop: asyncio.AbstractEventLoop | None,
    function: Callable[..., Any],
    *args: Any,
    **kwargs: Any,
) -> Any:
    """Calls a function and awaits it on the loop; without a loop, just calls it."""
    if loop is None:
        return function(*args, **kwargs)

    async def call() -> Any:
        result = function(*args, **kwargs)
        return await result if inspect.isawaitable(result) else result

    return asyncio.run_coroutine_threadsafe(call(), loop).result()


def perform(
    operations: object,
    loop: asyncio.AbstractEventLoop | None,
    request: Mapping[str, Any],
) -> dict[str, Any]:
    """Runs a request. Returns the `ok` or the `error` of its reply.

    An operation is a method with that name, which takes the request.
    """
    try:
        operation = getattr(operations, request["op"])
        return {"ok": encode(run_in(loop, operation, request))}
    except Exception as error:
        text = f"{type(error).__name__}: {error}".removesuffix(": ")
        return {"error": text}


def serve(operations: object, loop: asyncio.AbstractEventLoop | None = None) -> None:
    """Runs the requests on stdin. Ends the process at `quit` or the end of stdin.

    The operations named in `operations.concurrent` do not block the others.
    """
    serve_by(functools.partial(perform, operations, loop), operations.concurrent)
    # Not sys.exit(), which would wait for open connections and pending calls.
    os._exit(0)


def serve_by(
    perform: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    concurrent: Collection[str] = (),
) -> None:
    """Replies to the requests on stdin with the results of a function."""

    def answer(request: Mapping[str, Any]) -> None:
        send({"id": request["id"], **perform(request)})

    sys.stdin.reconfigure(encoding="utf-8")
    for line in sys.stdin:
        request = json.loads(line)
        if request["op"] == "quit":
            send({"id": request["id"], "ok": None})
            break
        if request["op"] in concurrent:
            threading.Thread(target=answer, args=[request], daemon=True).start()
        else:
            answer(request)


@contextlib.contextmanager
def telling_what_is_missing() -> Iterator[None]:
    """Reports a missing package in one line, and ends the process."""
    try:
        yield
    except ModuleNotFoundError as error:
        _tell_missing(error.name, f"{error.name} is not installed")
    except RuntimeError as error:
        # How python-socketio reports that a manager's package is missing.
        package, found, _ = str(error).partition(" package is not installed")
        if not found:
            raise
        _tell_missing(package.lower(), str(error))


def _tell_missing(package: str, reason: str) -> None:
    send({"event": "unavailable", "missing": package, "reason": reason})
    os._exit(0)
