import { Encoder, ExtData } from "@msgpack/msgpack";

/** One for all scalars: each has a buffer of its own. */
const scalars = new Encoder();

const encode = (value: unknown): Buffer => Buffer.from(scalars.encodeSharedRef(value));

/** JSON that no value of JavaScript has: a number with its own digits, `NaN`, an escape that stands alone. */
export class Raw {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A map whose keys may come twice, and may be any. */
export class Entries {
  readonly list: readonly (readonly [key: string, value: unknown])[];

  constructor(list: readonly (readonly [string, unknown])[]) {
    this.list = list;
  }
}

export const map = (value: Readonly<Record<string, unknown>>): Entries => new Entries(Object.entries(value));

/** Not recursive: the nesting is what is tried. */
export const nested = (depth: number): Raw => new Raw("[".repeat(depth) + "]".repeat(depth));

/** As JSON, in UTF-8. Bytes become base64. */
export function toJson(value: unknown): string {
  if (value instanceof Raw) {
    return value.text;
  }
  if (value instanceof Entries) {
    return `{${value.list.map(([key, item]) => `${JSON.stringify(key)}: ${toJson(item)}`).join(", ")}}`;
  }
  if (Array.isArray(value)) {
    return `[${value.map(toJson).join(", ")}]`;
  }
  return value instanceof Uint8Array
    ? JSON.stringify(Buffer.from(value).toString("base64"))
    : (JSON.stringify(value) ?? "null");
}

const UINT_16 = 0x10000;

function header(short: number, size: number): Buffer {
  const bytes = Buffer.alloc(size < UINT_16 ? 3 : 5);
  bytes[0] = size < UINT_16 ? short : short + 1;
  if (size < UINT_16) {
    bytes.writeUInt16BE(size, 1);
  } else {
    bytes.writeUInt32BE(size, 1);
  }
  return bytes;
}

const OPEN_LIST = "[".charCodeAt(0);

/** As MessagePack: what the package refuses to write as well. */
export function toMsgpack(value: unknown): Buffer {
  if (value instanceof Raw) {
    const depth = value.text.charCodeAt(0) === OPEN_LIST ? value.text.length / 2 : 0;
    return depth > 0 ? Buffer.alloc(depth, 0x91).fill(0x90, depth - 1) : encode(Number(value.text));
  }
  if (value instanceof Entries) {
    const parts = value.list.flatMap(([key, item]) => [encode(key), toMsgpack(item)]);
    return Buffer.concat([header(0xde, value.list.length), ...parts]);
  }
  if (Array.isArray(value)) {
    return Buffer.concat([header(0xdc, value.length), ...value.map(toMsgpack)]);
  }
  return encode(value);
}

export { ExtData };
