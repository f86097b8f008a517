"""Emits through a write-only manager of python-socketio, as a worker does.

    python emit.py URL CHANNEL

Emits each line {"room": ..., "event": ..., "data": ...} of standard input. Ends
with its standard input.
"""

import json
import sys

import socketio


def main():
    url, channel = sys.argv[1:]
    manager = socketio.RedisManager(url, channel=channel, write_only=True)
    for line in sys.stdin:
        request = json.loads(line)
        manager.emit(request["event"], request["data"], room=request["room"])


if __name__ == "__main__":
    main()
