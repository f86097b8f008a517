"""Emits one event to the clients of a Socket.IO fleet, without being a server.

    python emitter.py --queue redis://127.0.0.1:6379/0 --channel flask-socketio \\
        --room alice order-shipped '{"order": 7}'

Each JSON value is one argument of the event. `--room` and `--skip-sid` may be
given more than once. For the URLs see `managers.py`.
"""

import argparse
import json

from managers import create_manager


def payload(arguments):
    """One argument as it is, several as a tuple, which emit() expands."""
    if not arguments:
        return None
    return arguments[0] if len(arguments) == 1 else tuple(arguments)


def one_or_list(values):
    return values[0] if values and len(values) == 1 else values


def main():
    parser = argparse.ArgumentParser(description="Emits one Socket.IO event.")
    parser.add_argument("--queue", default="redis://127.0.0.1:6379/0", metavar="URL")
    parser.add_argument("--channel", default="socketio")
    parser.add_argument("--room", action="append")
    parser.add_argument("--namespace", default="/")
    parser.add_argument("--skip-sid", action="append", metavar="SID")
    parser.add_argument("event")
    parser.add_argument("data", type=json.loads, nargs="*", metavar="JSON")
    args = parser.parse_args()

    manager = create_manager(args.queue, args.channel, write_only=True)
    manager.emit(
        args.event,
        payload(args.data),
        room=one_or_list(args.room),
        namespace=args.namespace,
        skip_sid=one_or_list(args.skip_sid),
    )


if __name__ == "__main__":
    main()
