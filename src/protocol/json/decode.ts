import { asBuffer } from "../../util/bytes.js";
import { valueAfterKey } from "../../util/json-tokens.js";
import { quote } from "../../util/quote.js";
import { type JsonSurvey, surveyJson } from "../../util/survey-json.js";
import { TOO_HEAVY } from "../../util/weight.js";
import type { DecodedValue } from "../model/decoded.js";
import { RejectionError } from "../model/rejection.js";
import { LISTED_NAMES, MAX_DEPTH, TOO_MANY_NAMES } from "../values/limits.js";
import { quoteLargeIntegers, replaceNonFinite, restoreNaN } from "./rewrite-literals.js";

/**
 * Messages as JSON in UTF-8: what `json.dumps` of Python writes, which is more than JSON. `NaN`, `Infinity` and
 * `-Infinity` are words, and integers have any number of digits.
 */

/** Each level costs an opening and a closing bracket, so a text of as many bytes is not nested too deep. */
const MAX_SHALLOW_SIZE = 2 * MAX_DEPTH;

/** The names themselves, or an ASCII letter or underscore as an escape, which no encoder writes without intent. */
const MAY_HAVE_UNSAFE_KEY = /__proto__|constructor|\\u00[4-7]/;

/** Whether a JSON text may contain an unsafe key. False is certain, and saves the search for one. */
export function mayHaveUnsafeKey(text: string): boolean {
  return MAY_HAVE_UNSAFE_KEY.test(text);
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

function decodeUtf8(payload: Uint8Array): string {
  try {
    return UTF8.decode(payload);
  } catch {
    const first = (payload[0] ?? 0).toString(16).padStart(2, "0");
    throw new RejectionError("not_json", `not UTF-8; the first byte is 0x${first}`);
  }
}

/** @throws RejectionError `too_deep` or `too_large` */
function assertBearable({ isTooDeep, isTooHeavy, hasLongLists }: JsonSurvey): void {
  if (isTooDeep) {
    throw new RejectionError("too_deep", `nested more than ${MAX_DEPTH} levels`);
  }
  if (isTooHeavy) {
    throw new RejectionError("too_large", TOO_HEAVY);
  }
  if (hasLongLists) {
    throw new RejectionError("too_large", TOO_MANY_NAMES);
  }
}

/** Reads `NaN`, `Infinity` and `-Infinity` as numbers. Clients get null for them, as from any JavaScript server. */
function parseWithNonFinite(json: Buffer, words: readonly number[]): unknown {
  const { copy, marker } = replaceNonFinite(json, words);
  return restoreNaN(JSON.parse(decodeUtf8(copy)), marker);
}

/** @throws RejectionError `not_json` */
function parse(json: Buffer, text: string, { words }: JsonSurvey): unknown {
  try {
    return words.length > 0 ? parseWithNonFinite(json, words) : JSON.parse(text);
  } catch (error) {
    throw new RejectionError("not_json", quote((error as Error).message));
  }
}

/** Few short texts need the survey: those with an unsafe key, perhaps, or with NaN. */
function decodeShort(json: Buffer, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return parse(json, text, surveyJson(json, MAX_DEPTH));
  }
}

/** Not the whole message again: what it says beside its names may be long. */
function decodeExactValue(json: Buffer, { values }: JsonSurvey, key: string): unknown {
  const end = values[LISTED_NAMES.keys.findIndex((each) => each.toString() === key)];
  return end === undefined ? undefined : decodeJson(quoteLargeIntegers(valueAfterKey(json, end))).value;
}

/**
 * `PubSubManager._thread` from python-socketio 5.14 on.
 *
 * @throws RejectionError `too_deep`, `too_large` or `not_json`
 */
export function decodeJson(payload: Uint8Array): DecodedValue {
  const json = asBuffer(payload);
  const text = decodeUtf8(json);
  const isShort = json.length <= MAX_SHALLOW_SIZE && !mayHaveUnsafeKey(text);
  const survey = isShort ? undefined : surveyJson(json, MAX_DEPTH, LISTED_NAMES);
  if (survey !== undefined) {
    assertBearable(survey);
  }
  return {
    value: survey === undefined ? decodeShort(json, text) : parse(json, text, survey),
    unsafeKey: survey?.unsafeKey,
    decodeExactly: (key) => decodeExactValue(json, survey ?? surveyJson(json, MAX_DEPTH, LISTED_NAMES), key),
  };
}
