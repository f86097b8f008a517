import { BridgeError } from "../../errors.js";
import { quote } from "../../util/quote.js";
import { hasBinary } from "../json/attachments.js";
import type { PayloadForm } from "./messages.js";
import type { OutgoingEmit } from "./outgoing.js";

/** What the Python hosts of a fleet read and write: see `dialect` of the options. */
export type Dialect = "5.15" | "5.14" | "5.13" | "5.2";

/** What the Python hosts of a dialect can be told in JSON. */
interface Traits {
  /** Several arguments are told from one that is a list. Before 5.15.1, a list is one argument. */
  readonly hasSeveralArguments: boolean;
  /** `binary: true`, from 5.14.2 on. Before, placeholders are data. */
  readonly hasBytes: boolean;
  /** A list of rooms, from 5.3 on. Before, it ends the host's listener: it never hears anything again. */
  readonly hasSeveralRooms: boolean;
}

const DIALECTS: Readonly<Record<Dialect, Traits>> = {
  "5.15": { hasSeveralArguments: true, hasBytes: true, hasSeveralRooms: true },
  "5.14": { hasSeveralArguments: false, hasBytes: true, hasSeveralRooms: true },
  "5.13": { hasSeveralArguments: false, hasBytes: false, hasSeveralRooms: true },
  "5.2": { hasSeveralArguments: false, hasBytes: false, hasSeveralRooms: false },
};

export const DIALECT_NAMES = Object.keys(DIALECTS) as readonly Dialect[];

/** How `data` in JSON stands for the arguments. */
export function payloadForm(dialect: Dialect): PayloadForm {
  return DIALECTS[dialect].hasSeveralArguments ? "arguments" : "argument";
}

/** @throws BridgeError `BRIDGE_INVALID_ARGUMENT` for what no form says to the Python hosts of that dialect */
export function checkDialect({ event, args, rooms }: OutgoingEmit, dialect: Dialect): void {
  const { hasSeveralArguments, hasBytes, hasSeveralRooms } = DIALECTS[dialect];
  const refuse = (what: string, since: string, instead: string): never => {
    const why = `which python-socketio before ${since} cannot be told (the option dialect is ${quote(dialect)})`;
    throw new BridgeError("BRIDGE_INVALID_ARGUMENT", `the event ${quote(event)} ${what}, ${why}; ${instead}`);
  };
  if (args.length > 1 && !hasSeveralArguments) {
    refuse(`has ${args.length} arguments`, "5.15.1", "put them into one list or object");
  }
  if (!hasBytes && hasBinary(args)) {
    refuse("holds bytes", "5.14.2", "send them as text, in base64 for instance");
  }
  if ((rooms?.length ?? 0) > 1 && !hasSeveralRooms) {
    refuse(`is for ${rooms?.length} rooms`, "5.3", "emit to one after the other, or have a room for all of them");
  }
}
