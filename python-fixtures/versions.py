"""Reports the versions of all packages that take part in a fleet.

    python versions.py [SCHEME]

Writes `{"event": "ready", "versions": {"Python": "3.11.2", ...}}`. Without
python-socketio, or without the client library for queues of the scheme (such as
`redis`), it writes `{"event": "unavailable", "missing": "python-socketio",
"reason": ...}`.
"""

import importlib.metadata
import json
import platform
import sys

from wire import telling_what_is_missing

PACKAGES = [
    "python-socketio",
    "python-engineio",
    "Flask-SocketIO",
    "Flask",
    "celery",
    "redis",
    "valkey",
    "kombu",
    "aio-pika",
    "kafka-python",
    "msgpack",
    "pyzmq",
    "eventlet",
    "uvicorn",
    "Werkzeug",
    "simple-websocket",
    "aiohttp",
]


def installed(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def main():
    found = {package: installed(package) for package in PACKAGES}
    if found["python-socketio"] is None:
        missing = {"missing": "python-socketio", "reason": "python-socketio is not installed"}
        print(json.dumps({"event": "unavailable", **missing}))
        return
    if sys.argv[1:]:
        with telling_what_is_missing():
            # Imported only here, because it needs python-socketio.
            importlib.import_module("managers").require_client(sys.argv[1])
    versions = {"Python": platform.python_version()}
    versions.update({name: version for name, version in found.items() if version})
    print(json.dumps({"event": "ready", "versions": versions}))


if __name__ == "__main__":
    main()
