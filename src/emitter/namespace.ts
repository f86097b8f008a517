import { BridgeError } from "../errors.js";
import { closeRoomMessages } from "../protocol/model/build-room-command.js";
import type { DisconnectMessage, MoveRoomMessage, WireRoom } from "../protocol/model/messages.js";
import { checkName, checkRoom } from "../protocol/model/outgoing.js";
import { checkServerSideEvent } from "../protocol/side-channel/messages.js";
import { quote } from "../util/quote.js";
import type { EmitterNamespace } from "./emitter.js";
import type { EventsMap } from "./event-types.js";
import { type Sender, Target } from "./target.js";

type Command = WithoutSender<MoveRoomMessage> | WithoutSender<DisconnectMessage>;
type WithoutSender<Message> = Omit<Message, "namespace" | "hostId">;

/** @throws BridgeError `BRIDGE_INVALID_ARGUMENT` */
function checkServerSideEmit(event: string, args: readonly unknown[]): readonly unknown[] {
  checkServerSideEvent(event);
  if (typeof args.at(-1) === "function") {
    throw new BridgeError(
      "BRIDGE_INVALID_ARGUMENT",
      `serverSideEmit(${quote(event)}) has a function as its last argument: acknowledgements are not supported here`,
    );
  }
  return [event, ...args];
}

/** Everyone in a namespace, with the commands that have no other target than what they name. */
export class NamespaceTarget<Events extends EventsMap> extends Target<Events> implements EmitterNamespace<Events> {
  /** @param name - with or without the slash at its beginning */
  constructor(sender: Sender, name: string) {
    const namespace = typeof name === "string" && !name.startsWith("/") ? `/${name}` : name;
    super(sender, { namespace, rooms: [], except: [], flags: {} });
  }

  enterRoom(sid: string, room: WireRoom): Promise<void> {
    return this.#publish(() => ({ method: "enter_room", sid, room: this.pythonRoom(room) }));
  }

  leaveRoom(sid: string, room: WireRoom): Promise<void> {
    return this.#publish(() => ({ method: "leave_room", sid, room: this.pythonRoom(room) }));
  }

  closeRoom(room: WireRoom): Promise<void> {
    const { hostId, looksLikeSid, publisher } = this.sender;
    const { namespace } = this.selection;
    const toPythonRoom = (name: WireRoom) => this.pythonRoom(name);
    this.debug("command", { method: "close_room", room });
    return publisher.publishAll(() =>
      closeRoomMessages({ namespace, hostId, looksLikeSid, toPythonRoom }, checkRoom(room)),
    );
  }

  disconnect(sid: string): Promise<void> {
    return this.#publish(() => ({ method: "disconnect", sid }));
  }

  serverSideEmit(event: string, ...args: unknown[]): Promise<void> {
    const { hostId, publisher } = this.sender;
    this.debug("server-side emit", event);
    return publisher.publishToHosts(() => ({
      type: "server_side_emit",
      from: hostId,
      // Nobody replies, so the request needs no number.
      id: 0,
      namespace: checkName(this.selection.namespace),
      args: checkServerSideEmit(event, args),
      isAcknowledged: false,
    }));
  }

  #publish(makeCommand: () => Command): Promise<void> {
    const { hostId, publisher } = this.sender;
    const { namespace } = this.selection;
    return publisher.publish(() => {
      const command = makeCommand();
      this.debug("command", command);
      return { ...command, namespace, hostId };
    });
  }
}
