import { quote } from "../../util/quote.js";
import { LISTED_NAMES, MAX_INTEGER_LENGTH, TOO_MANY_NAMES } from "../values/limits.js";
import type { CallbackRef, WireRoom } from "./messages.js";
import { RejectionError } from "./rejection.js";

/** `MAX_INTEGER_LENGTH` as bounds, so that a bigint can be compared without writing its digits. */
const LARGEST_INTEGER = 10n ** BigInt(MAX_INTEGER_LENGTH) - 1n;
const SMALLEST_INTEGER = 1n - 10n ** BigInt(MAX_INTEGER_LENGTH - 1);

/** @param exact - a bigint, its digits as a string, or any other value */
function toInteger(exact: unknown): bigint | undefined {
  if (typeof exact === "bigint") {
    return exact >= SMALLEST_INTEGER && exact <= LARGEST_INTEGER ? exact : undefined;
  }
  return typeof exact === "string" && exact.length <= MAX_INTEGER_LENGTH ? BigInt(exact) : undefined;
}

function wrongType(key: string, value: unknown, expected: string): RejectionError {
  return new RejectionError("wrong_type", `${key} is ${quote(value)}, not ${expected}`);
}

/** JSON and MessagePack are rejected before they are built; a pickle gets here. */
function assertFewNames({ length }: readonly unknown[]): void {
  if (length > LISTED_NAMES.maxItems) {
    throw new RejectionError("too_large", TOO_MANY_NAMES);
  }
}

/**
 * The fields of one decoded message. Each getter checks the type of its field.
 *
 * All but `get` and `hostName` throw a RejectionError: `wrong_type`, `bad_callback` or `too_large`.
 */
export class Fields {
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #decodeExactly: (key: string) => unknown;
  #exact: Map<string, unknown> | undefined;

  /** @param decodeExactly - see `DecodedValue` */
  constructor(object: Readonly<Record<string, unknown>>, decodeExactly: (key: string) => unknown) {
    this.#object = object;
    this.#decodeExactly = decodeExactly;
  }

  get(key: string): unknown {
    return Object.hasOwn(this.#object, key) ? this.#object[key] : undefined;
  }

  string(key: string): string {
    const value = this.get(key);
    if (typeof value !== "string") {
      throw wrongType(key, value, "a string");
    }
    return value;
  }

  /** `/` if it is missing. */
  namespace(): string {
    const namespace = this.get("namespace") ?? "/";
    if (typeof namespace !== "string") {
      throw wrongType("namespace", namespace, "a string");
    }
    return namespace;
  }

  hostId(): string | undefined {
    return this.hostName("host_id");
  }

  /** The name of a host; undefined for anything that does not look like one, since it goes into log lines. */
  hostName(key: string): string | undefined {
    const value = this.get(key);
    return typeof value === "string" && /^[\w-]{1,64}$/.test(value) ? value : undefined;
  }

  room(key: string): WireRoom {
    return this.#toRoom(key, this.get(key), (exact) => exact);
  }

  /** null, one room, or a list of rooms. null in a list is everyone, as in `get_participants` of python-socketio. */
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
    assertFewNames(value);
    return value.map((room, index) => this.#toRoom("room", room, (exact) => (exact as unknown[])[index]));
  }

  /** null, one sid or a list of sids. Python compares each with the sid of a client, so null matches nobody. */
  skipSids(): readonly string[] {
    const value = this.get("skip_sid") ?? [];
    const sids = (Array.isArray(value) ? value : [value]).filter((sid) => sid !== null);
    assertFewNames(sids);
    const wrong = sids.find((sid) => typeof sid !== "string");
    if (wrong !== undefined) {
      throw new RejectionError("wrong_type", `skip_sid contains ${quote(wrong)}, not a string`);
    }
    return sids;
  }

  exceptRooms(): readonly string[] {
    return this.strings("except");
  }

  list(key: string): readonly unknown[] {
    const value = this.get(key);
    if (!Array.isArray(value)) {
      throw wrongType(key, value, "a list");
    }
    return value;
  }

  bytes(key: string): Uint8Array {
    const value = this.get(key);
    if (!(value instanceof Uint8Array)) {
      throw wrongType(key, value, "bytes");
    }
    return value;
  }

  /** Empty if it is missing. */
  strings(key: string): readonly string[] {
    const value = this.get(key) ?? [];
    if (!Array.isArray(value) || value.some((item) => typeof item !== "string")) {
      throw wrongType(key, value, "a list of strings");
    }
    assertFewNames(value);
    return value;
  }

  /** False if it is missing. */
  boolean(key: string): boolean {
    const value = this.get(key) ?? false;
    if (typeof value !== "boolean") {
      throw wrongType(key, value, "a boolean");
    }
    return value;
  }

  /** 0 or more. */
  wholeNumber(key: string): number {
    const value = this.get(key);
    if (!Number.isSafeInteger(value) || (value as number) < 0) {
      throw wrongType(key, value, "a whole number");
    }
    return value as number;
  }

  /** The triple `[room, namespace, id]` of an emit; null if no acknowledgement is wanted. */
  callback(): CallbackRef | null {
    const value = this.get("callback") ?? null;
    if (value === null) {
      return null;
    }
    const [room, namespace, id] = Array.isArray(value) && value.length === 3 ? value : [];
    if (room === undefined || typeof namespace !== "string" || !Number.isSafeInteger(id)) {
      throw new RejectionError("bad_callback", `callback is ${quote(value)}, not [room, namespace, id]`);
    }
    const named = room === null ? null : this.#toRoom("callback", room, (exact) => (exact as unknown[])[0]);
    return { room: named, namespace, id };
  }

  /** @param find - finds the same value in what the key holds, exactly decoded */
  #toRoom(key: string, value: unknown, find: (exact: unknown) => unknown): WireRoom {
    if (typeof value === "string") {
      return value;
    }
    if (Number.isSafeInteger(value)) {
      return value as number;
    }
    if (typeof value === "number") {
      this.#exact ??= new Map();
      if (!this.#exact.has(key)) {
        this.#exact.set(key, this.#decodeExactly(key));
      }
      const integer = toInteger(find(this.#exact.get(key)));
      if (integer !== undefined) {
        return integer;
      }
    }
    throw wrongType(key, value, "a string or an integer");
  }
}
