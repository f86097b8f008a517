import { unsafeKey } from "../values/json-value.js";
import { findUnsafeKey } from "../values/unsafe-names.js";

/**
 * `JSON.stringify` for a list of arguments.
 *
 * @throws TypeError for what JSON has no form for, and for a key that readers reject
 */
export function stringifySafely(args: readonly unknown[]): string {
  const json = JSON.stringify(args);
  // No letter of a key is written as an escape, so nearly every message ends here.
  const key = json.includes("__proto__") || json.includes("constructor") ? findUnsafeKey(JSON.parse(json)) : undefined;
  if (key !== undefined) {
    throw unsafeKey(key);
  }
  return json;
}
