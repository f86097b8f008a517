"""Commands to a server or a manager, for every release of python-socketio."""

from wire import decode


def addressing(request, *keys):
    """The keys that the request has, as arguments for python-socketio."""
    chosen = {key: decode(request[key]) for key in keys if key in request}
    return {"namespace": request.get("namespace", "/"), **chosen}


class RoomCommands:
    """With an AsyncServer these return an awaitable."""

    def __init__(self, sio, manager):
        self.sio = sio
        self.manager = manager

    def enter_room(self, request):
        return self.sio.enter_room(**addressing(request, "sid", "room"))

    def leave_room(self, request):
        return self.sio.leave_room(**addressing(request, "sid", "room"))

    def close_room(self, request):
        return self.sio.close_room(**addressing(request, "room"))

    def disconnect(self, request):
        return self.sio.disconnect(**addressing(request, "sid"))
