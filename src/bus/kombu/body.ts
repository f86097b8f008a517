import { brotliDecompressSync, inflateSync, type ZlibOptions } from "node:zlib";
import { asBuffer } from "../../util/bytes.js";
import { surveyJson } from "../../util/survey-json.js";
import { maxWeight, TOO_HEAVY } from "../../util/weight.js";

/** What Kombu sends along with a body, over any broker. Untrusted input. */
export interface KombuBodyInfo {
  readonly contentType: unknown;
  /** The header `compression`, from the producer option of that name. */
  readonly compression: unknown;
}

/** By the content type of `kombu.compression`, whose gzip is what others call zlib. */
const DECOMPRESS: ReadonlyMap<unknown, (body: Uint8Array, options: ZlibOptions) => Uint8Array> = new Map([
  ["application/x-gzip", (body: Uint8Array, options: ZlibOptions) => inflateSync(body, options)],
  ["application/x-brotli", (body: Uint8Array, options: ZlibOptions) => brotliDecompressSync(body, options)],
]);

const QUOTE = 0x22;

/** Levels of an envelope, of which Kombu writes three; headers of an application may have more. */
const MAX_DEPTH = 100;

/**
 * `JSON.parse`, for what takes neither time nor memory out of proportion. Untrusted input.
 *
 * @throws Error that says why it cannot be read
 */
export function parseBounded(json: Uint8Array): unknown {
  const bytes = asBuffer(json);
  const { isTooDeep, isTooHeavy } = surveyJson(bytes, MAX_DEPTH);
  if (isTooDeep) {
    throw new Error(`nested more than ${MAX_DEPTH} levels`);
  }
  if (isTooHeavy) {
    throw new Error(TOO_HEAVY);
  }
  return JSON.parse(bytes.toString());
}

/**
 * Untrusted input. The message of python-socketio in a body of Kombu's, whatever the producer's serializer and compression.
 * python-socketio passes Kombu a str or bytes, which are sent as they are; the serializer `json`, where a producer is set
 * to it, encodes a str as a JSON string.
 *
 * @param maxSize - largest result that is decompressed, in bytes; it also may have no more than ten times the size of the body,
 *   or 10 MiB
 * @throws Error that says what cannot be read
 */
export function readKombuBody(
  body: Uint8Array,
  { contentType, compression }: KombuBodyInfo,
  maxSize: number,
): Uint8Array {
  let plain = body;
  if (compression !== undefined && compression !== null && body.byteLength > 0) {
    const decompress = DECOMPRESS.get(compression);
    if (decompress === undefined) {
      throw new Error(`compression is ${JSON.stringify(compression)}`);
    }
    plain = decompress(body, { maxOutputLength: Math.min(maxSize, maxWeight(body.byteLength)) });
  }
  if (contentType !== "application/json") {
    return plain;
  }
  return plain[0] === QUOTE ? Buffer.from(JSON.parse(Buffer.from(plain).toString()) as string) : plain;
}
