import { brotliDecompressSync, inflateSync, type ZlibOptions } from "node:zlib";

/** What Kombu puts beside a body, over whatever broker. Foreign input: any of it may be anything. */
export interface KombuBodyInfo {
  readonly contentType: unknown;
  /** The header `compression`: the producer option of that name. */
  readonly compression: unknown;
}

/** By the content type that `kombu.compression` gives them. Its gzip is what others call zlib. */
const DECOMPRESS: ReadonlyMap<unknown, (body: Uint8Array, options: ZlibOptions) => Uint8Array> = new Map([
  ["application/x-gzip", (body: Uint8Array, options: ZlibOptions) => inflateSync(body, options)],
  ["application/x-brotli", (body: Uint8Array, options: ZlibOptions) => brotliDecompressSync(body, options)],
]);

/**
 * The message of python-socketio in a body of Kombu's, whatever serializer and compression the producer has. It gives
 * Kombu a str or bytes, which go as they are; the serializer `json`, if a producer insists on it, makes a string of it.
 *
 * @param maxSize - bytes of the result
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
      throw new Error(`its compression is ${JSON.stringify(compression)}`);
    }
    plain = decompress(body, { maxOutputLength: maxSize });
  }
  if (contentType !== "application/json") {
    return plain;
  }
  const value: unknown = JSON.parse(Buffer.from(plain).toString());
  return typeof value === "string" ? Buffer.from(value) : plain;
}
