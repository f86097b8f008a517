"""Sessions of a client, which travel with each call and come back with its reply.

Whichever worker takes the next event continues with them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .calls import Call

_FLASK = "saved_session"
"""Where Flask-SocketIO keeps the session of a client: ``SocketIO._handle_event``."""


@dataclass
class Sessions:
    """Both kinds of session that a client may have."""

    own: dict[str, Any] = field(default_factory=dict)
    """By namespace, of ``save_session()``: ``engineio.Socket.session``."""

    @classmethod
    def open(cls, call: Call, environ: dict[str, Any]) -> Sessions:
        """Take the sessions of a call, that of Flask into its environment."""
        flask = call.sessions.get("flask")
        if isinstance(flask, str):
            from flask.json.tag import TaggedJSONSerializer
            from flask_socketio import _ManagedSession

            environ[_FLASK] = _ManagedSession(TaggedJSONSerializer().loads(flask))
        own = call.sessions.get("own")
        return cls(own if isinstance(own, dict) else {})

    def close(self, environ: dict[str, Any]) -> dict[str, Any]:
        """Return both, as they travel.

        Raises:
            TypeError: for what Flask's tagged JSON cannot carry.

        """
        sessions: dict[str, Any] = {}
        if _FLASK in environ:
            from flask.json.tag import TaggedJSONSerializer

            sessions["flask"] = TaggedJSONSerializer().dumps(dict(environ[_FLASK]))
        if self.own:
            sessions["own"] = self.own
        return sessions
