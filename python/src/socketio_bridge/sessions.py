"""Sessions of a client, which travel with each call and come back with its reply.

Whichever worker takes the next event continues with them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .errors import InvalidCallError

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
        """Take the sessions of a call, that of Flask into its environment.

        Raises:
            InvalidCallError: for what ``close()`` has not written.

        """
        if "flask" in call.sessions:
            environ[_FLASK] = _flask_session(call.sessions["flask"])
        own = call.sessions.get("own", {})
        if not isinstance(own, dict) or not all(isinstance(session, dict) for session in own.values()):
            raise InvalidCallError("the session of a namespace is no object")
        try:
            # Handlers change theirs; the call keeps what goes back in place of one that cannot travel.
            return cls(json.loads(json.dumps(own)))
        except RecursionError as error:
            raise InvalidCallError("the session of a namespace is nested too deeply") from error

    def close(self, environ: dict[str, Any]) -> dict[str, Any]:
        """Return both, as they travel.

        Raises:
            Exception: for what Flask's tagged JSON cannot carry.

        """
        sessions: dict[str, Any] = {}
        if _FLASK in environ:
            sessions["flask"] = _tagged_json().dumps(dict(environ[_FLASK]))
        if self.own:
            sessions["own"] = self.own
        return sessions


@lru_cache(maxsize=1)
def _tagged_json() -> Any:
    """Return one for all calls: it keeps nothing, and making one takes longer than most sessions do."""
    from flask.json.tag import TaggedJSONSerializer

    return TaggedJSONSerializer()


def _flask_session(text: Any) -> Any:
    try:
        from flask_socketio import _ManagedSession

        session = _tagged_json().loads(text)
    except Exception as error:  # each tag raises what the type behind it raises
        raise InvalidCallError(f"the session of Flask is no tagged JSON: {error}") from error
    if not isinstance(session, dict):
        raise InvalidCallError("the session of Flask is no tagged JSON of an object")
    return _ManagedSession(session)
