"""python-socketio's write-only manager, as a worker uses it.

    python emit.py URL CHANNEL

Each line on standard input is {"room": ..., "event": ..., "data": ...}, which
it emits. It ends with its standard input.
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
