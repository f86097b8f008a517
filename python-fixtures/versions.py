"""Tells which releases of everything an interpreter has that takes part in a fleet.

    python versions.py

It says `{"event": "ready", "versions": {"Python": "3.11.2", ...}}`, or, without
python-socketio, `{"event": "unavailable", "missing": "python-socketio", "reason": ...}`.
"""

import importlib.metadata
import json
import platform

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
    versions = {"Python": platform.python_version()}
    versions.update({name: version for name, version in found.items() if version})
    print(json.dumps({"event": "ready", "versions": versions}))


if __name__ == "__main__":
    main()
