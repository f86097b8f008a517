import { DecodeError, type DecoderOptions, decode as decodeToday } from "@msgpack/msgpack";

/**
 * `@msgpack/msgpack` as it will be after 3.1.3: `decode` throws on keys that 3.1.3 returns (msgpack-javascript 72c8490).
 * `next-release-hooks.ts` puts it in place of the installed one.
 */
export * from "@msgpack/msgpack";

const FORBIDDEN: readonly unknown[] = ["__proto__", "constructor", "prototype"];

export function decode(frame: Uint8Array, options: DecoderOptions): unknown {
  const mapKeyConverter = (key: unknown) => {
    const converted = options.mapKeyConverter?.(key) ?? (key as string);
    if (FORBIDDEN.includes(converted)) {
      throw new DecodeError(`The key ${converted} is not allowed`);
    }
    return converted;
  };
  return decodeToday(frame, { ...options, mapKeyConverter });
}
