import { quote } from "../../util/quote.js";
import { hasBinary } from "../values/json-value.js";
import type { PayloadForm } from "./messages.js";
import type { OutgoingEmit } from "./outgoing.js";
import { UnreadableError } from "./unreadable-error.js";

/** The oldest python-socketio among the Python hosts of a fleet: see `dialect` of the options. */
export type Dialect = "5.15" | "5.14" | "5.13" | "5.2";

/** What the Python hosts of a dialect understand in JSON. */
interface Traits {
  /** From 5.15.1: several arguments differ from one argument that is a list. Before, a list is one argument. */
  readonly hasSeveralArguments: boolean;
  /** From 5.14.2: `binary: true`. Before, placeholders are data. */
  readonly hasBytes: boolean;
  /** From 5.3: a list of rooms. Before, it raises in the host's listener thread, which then receives nothing more. */
  readonly hasSeveralRooms: boolean;
  /** From 5.10: `enter_room`, `leave_room` and `disconnect` of other hosts. Not of every release of the dialect 5.13. */
  readonly hasClientCommands: boolean;
}

const DIALECTS: Readonly<Record<Dialect, Traits>> = {
  "5.15": { hasSeveralArguments: true, hasBytes: true, hasSeveralRooms: true, hasClientCommands: true },
  "5.14": { hasSeveralArguments: false, hasBytes: true, hasSeveralRooms: true, hasClientCommands: true },
  "5.13": { hasSeveralArguments: false, hasBytes: false, hasSeveralRooms: true, hasClientCommands: false },
  "5.2": { hasSeveralArguments: false, hasBytes: false, hasSeveralRooms: false, hasClientCommands: false },
};

export const DIALECT_NAMES = Object.keys(DIALECTS) as readonly Dialect[];

/** What `data` in JSON means to the Python hosts of a dialect. */
export function payloadFormOf(dialect: Dialect): PayloadForm {
  return DIALECTS[dialect].hasSeveralArguments ? "argument-list" : "single-argument";
}

/** Whether every Python host of a dialect moves and disconnects its clients when another host says so. */
export function hasClientCommands(dialect: Dialect): boolean {
  return DIALECTS[dialect].hasClientCommands;
}

/** @throws BridgeError `BRIDGE_INVALID_ARGUMENT` for an emit that the Python hosts of the dialect cannot read */
export function assertReadableIn(dialect: Dialect, { event, args, rooms }: OutgoingEmit): void {
  const { hasSeveralArguments, hasBytes, hasSeveralRooms } = DIALECTS[dialect];
  const fail = (problem: string, since: string, remedy: string): never => {
    const reason = `which python-socketio before ${since} cannot read (the option dialect is ${quote(dialect)})`;
    throw new UnreadableError(`the event ${quote(event)} ${problem}, ${reason}; ${remedy}`);
  };
  if (args.length > 1 && !hasSeveralArguments) {
    fail(`has ${args.length} arguments`, "5.15.1", "put them into one list or object");
  }
  if (!hasBytes && hasBinary(args)) {
    fail("holds bytes", "5.14.2", "send them as text, in base64 for instance");
  }
  if ((rooms?.length ?? 0) > 1 && !hasSeveralRooms) {
    fail(`is for ${rooms?.length} rooms`, "5.3", "emit to one after the other, or use one room for all of them");
  }
}
