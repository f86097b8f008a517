"""The program `peer.py` on eventlet, which the ZmqManager of python-socketio needs.

    python peer_eventlet.py --kind threaded --queue zmq+tcp://127.0.0.1:5555+5556

Its threads are green ones, and what blocks lets the others run.
"""

import sys
import warnings

# It says that it is deprecated, at each start.
warnings.filterwarnings("ignore", "\n?Eventlet is deprecated")

try:
    import eventlet
except ModuleNotFoundError:
    # Which `peer.py` reports.
    pass
else:
    # Before anything else is imported.
    eventlet.monkey_patch()
    from eventlet.greenio import GreenPipe

    sys.stdin = GreenPipe(sys.stdin.fileno(), "r", encoding="utf-8")

from peer import main

if __name__ == "__main__":
    main()
