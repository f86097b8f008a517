import { brotliDecompressSync, inflateSync, type ZlibOptions } from "node:zlib";

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

/**
 * Untrusted input. The message of python-socketio in a body of Kombu's, whatever the producer's serializer and compression.
 * python-socketio passes Kombu a str or bytes, which are sent as they are; the serializer `json`, where a producer is set
 * to it, encodes a str as a JSON string.
 *
 * @param maxSize - largest result that is decompressed, in bytes
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
    plain = decompress(body, { maxOutputLength: maxSize });
  }
  if (contentType !== "application/json") {
    return plain;
  }
  const value: unknown = JSON.parse(Buffer.from(plain).toString());
  return typeof value === "string" ? Buffer.from(value) : plain;
}
