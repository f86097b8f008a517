import type { Dialect } from "../model/dialect.js";
import { scanAnyEmit } from "./scan-any-emit.js";
import { scanCommonEmit } from "./scan-common-emit.js";
import type { ScannedEmit } from "./scanned-emit.js";

/**
 * Reads all of an emit but its payload, if it is JSON without attachments and its envelope can be separated from the
 * payload without reading that. Untrusted input. Never throws.
 *
 * The payload is not looked at; `checkJson` does that. If it is one JSON value, then the message is valid, and the result
 * is what `decode` reads: the rest was parsed with another value in place of the payload, and JSON is context-free. If
 * the caller drops the message unchecked, its namespace, rooms and sender are right provided that the message is valid
 * and has no key twice, because all of them were found outside of what may be the payload.
 *
 * @returns undefined if only `decode` can tell, which is always right
 */
export function scanEmit(message: Buffer, dialect: Dialect): ScannedEmit | undefined {
  try {
    return scanCommonEmit(message, dialect) ?? scanAnyEmit(message, dialect);
  } catch {
    // Not JSON, or not a valid emit: decode says why.
    return undefined;
  }
}
