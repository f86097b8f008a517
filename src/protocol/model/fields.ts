import { quote } from "../../util/quote.js";
import { isUnsafeName } from "../json/parse.js";
import { type AckTicket, MAX_INTEGER_LENGTH, type Rejection, type RejectReason, type WireRoom } from "./messages.js";

/** The same as numbers, of which the digits need not be made. */
const LARGEST_INTEGER = 10n ** BigInt(MAX_INTEGER_LENGTH) - 1n;
const SMALLEST_INTEGER = 1n - 10n ** BigInt(MAX_INTEGER_LENGTH - 1);

/** @param exact - a bigint, or the digits of one, or neither */
function toInteger(exact: unknown): bigint | undefined {
  if (typeof exact === "bigint") {
    return exact >= SMALLEST_INTEGER && exact <= LARGEST_INTEGER ? exact : undefined;
  }
  return typeof exact === "string" && exact.length <= MAX_INTEGER_LENGTH ? BigInt(exact) : undefined;
}

/** Carries a rejection out of the readers below; `decode` catches it. */
export class RejectionError extends Error {
  readonly rejection: Rejection;
  constructor(reason: RejectReason, detail: string) {
    super(detail);
    this.rejection = { reason, detail };
  }
}

/** The fields of one message, each read with its type checked. */
export class Fields {
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #readExact: () => unknown;
  #exact: Record<string, unknown> | undefined;

  /** @param readExact - reads the message again, with integers beyond 2^53 as bigint or as strings of their digits */
  constructor(object: Readonly<Record<string, unknown>>, readExact: () => unknown) {
    this.#object = object;
    this.#readExact = readExact;
  }

  get(key: string): unknown {
    return Object.hasOwn(this.#object, key) ? this.#object[key] : undefined;
  }

  string(key: string): string {
    const value = this.get(key);
    if (typeof value !== "string") {
      throw new RejectionError("wrong_type", `${key} is ${quote(value)}, not a string`);
    }
    return value;
  }

  namespace(): string {
    const namespace = this.get("namespace") ?? "/";
    if (typeof namespace !== "string") {
      throw new RejectionError("wrong_type", `namespace is ${quote(namespace)}, not a string`);
    }
    return safeName("namespace", namespace);
  }

  hostId(): string | undefined {
    return this.name("host_id");
  }

  /** The name of a host, and only what looks like one: it goes into log lines. */
  name(key: string): string | undefined {
    const value = this.get(key);
    return typeof value === "string" && /^[\w-]{1,64}$/.test(value) ? value : undefined;
  }

  room(key: string): WireRoom {
    return this.#toRoom(key, this.get(key), (object) => object[key]);
  }

  /** null, one room, or a list of rooms; null in a list is everyone, as for `get_participants` of Python. */
  rooms(): readonly WireRoom[] | null {
    const value = this.get("room") ?? null;
    if (!Array.isArray(value)) {
      return value === null ? null : [this.room("room")];
    }
    if (value.length === 0) {
      throw new RejectionError("wrong_type", "room is an empty list");
    }
    if (value.includes(null)) {
      return null;
    }
    return value.map((room, index) => this.#toRoom("room", room, ({ room }) => (room as unknown[])[index]));
  }

  /** null, one sid or a list of sids. Python compares each with a client's sid, so null matches nobody. */
  skipSids(): readonly string[] {
    const value = this.get("skip_sid") ?? [];
    const sids = (Array.isArray(value) ? value : [value]).filter((sid) => sid !== null);
    const wrong = sids.find((sid) => typeof sid !== "string");
    if (wrong !== undefined) {
      throw new RejectionError("wrong_type", `skip_sid holds ${quote(wrong)}, not a string`);
    }
    return sids;
  }

  exceptRooms(): readonly string[] {
    return this.strings("except");
  }

  /** A list, empty where it is left out. */
  strings(key: string): readonly string[] {
    const value = this.get(key) ?? [];
    if (!Array.isArray(value) || value.some((item) => typeof item !== "string")) {
      throw new RejectionError("wrong_type", `${key} is ${quote(value)}, not a list of strings`);
    }
    return value;
  }

  /** False where it is left out. */
  flag(key: string): boolean {
    const value = this.get(key) ?? false;
    if (typeof value !== "boolean") {
      throw new RejectionError("wrong_type", `${key} is ${quote(value)}, not a boolean`);
    }
    return value;
  }

  /** Not negative. */
  whole(key: string): number {
    const value = this.get(key);
    if (!Number.isSafeInteger(value) || (value as number) < 0) {
      throw new RejectionError("wrong_type", `${key} is ${quote(value)}, not a whole number`);
    }
    return value as number;
  }

  callback(): AckTicket | null {
    const value = this.get("callback") ?? null;
    if (value === null) {
      return null;
    }
    if (!Array.isArray(value) || value.length !== 3) {
      throw new RejectionError("bad_callback", `callback is ${quote(value)}, not [room, namespace, id]`);
    }
    const [room, namespace, id] = value;
    if (typeof namespace !== "string" || !Number.isSafeInteger(id)) {
      throw new RejectionError("bad_callback", `callback is ${quote(value)}, not [room, namespace, id]`);
    }
    const named = room === null ? null : this.#toRoom("callback", room, ({ callback }) => (callback as unknown[])[0]);
    return { room: named, namespace, id };
  }

  /** @param again - finds the same value in the message read exactly */
  #toRoom(key: string, value: unknown, again: (object: Record<string, unknown>) => unknown): WireRoom {
    if (typeof value === "string") {
      return safeName(key, value);
    }
    if (Number.isSafeInteger(value)) {
      return value as number;
    }
    if (typeof value === "number") {
      this.#exact ??= this.#readExact() as Record<string, unknown>;
      const integer = toInteger(again(this.#exact));
      if (integer !== undefined) {
        return integer;
      }
    }
    throw new RejectionError("wrong_type", `${key} is ${quote(value)}, not a string or an integer`);
  }
}

export function safeName(key: string, name: string): string {
  if (isUnsafeName(name)) {
    throw new RejectionError("unsafe_name", `${key} is ${quote(name)}`);
  }
  return name;
}
