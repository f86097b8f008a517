import { surveyJson } from "../../util/survey-json.js";
import { unsafeKey } from "../values/json-value.js";
import { MAX_DEPTH } from "../values/limits.js";

/**
 * `JSON.stringify` for a list of arguments.
 *
 * @throws TypeError for what JSON has no form for
 * @throws UnreadableValue for a key that readers reject
 */
export function stringifySafely(args: readonly unknown[]): string {
  const json = JSON.stringify(args);
  // No letter of a key is written as an escape, so nearly every message ends here.
  const mayHaveKey = json.includes("__proto__") || json.includes("constructor");
  const key = mayHaveKey ? surveyJson(Buffer.from(json), MAX_DEPTH).unsafeKey : undefined;
  if (key !== undefined) {
    throw unsafeKey(key);
  }
  return json;
}
