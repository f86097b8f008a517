/** Bytes that V8 needs for a value or a key besides its text, and for the reference to it; roughly. */
const VALUE_BYTES = 48;

/** Of a string, at most. */
const CHARACTER_BYTES = 2;

export const weightOfText = (text: string): number => VALUE_BYTES + CHARACTER_BYTES * text.length;

/** The memory below a view, once: a small view may keep a large buffer. */
function weightOfBuffer(buffer: ArrayBufferLike, seen: Set<object>): number {
  if (seen.has(buffer)) {
    return 0;
  }
  seen.add(buffer);
  return buffer.byteLength;
}

/** Adds what is to be weighed next. @param room - bytes after which to stop @returns the bytes of the keys */
function open(object: object, pending: unknown[], room: number): number {
  const most = pending.length + room / VALUE_BYTES;
  let weight = 0;
  try {
    for (const key in object) {
      if (pending.length > most || weight > room) {
        break;
      }
      pending.push(object[key as keyof typeof object]);
      weight += Array.isArray(object) ? 0 : weightOfText(key);
    }
  } catch {
    // A getter or a proxy of the application.
  }
  return weight;
}

/**
 * The bytes of memory that a value keeps, roughly. What is in it several times counts once.
 *
 * @param limit - a value that is heavier than that is not weighed to the end
 */
export function weigh(value: unknown, limit: number): number {
  const seen = new Set<object>();
  const pending: unknown[] = [value];
  let weight = 0;
  while (pending.length > 0 && weight <= limit) {
    const next = pending.pop();
    weight += typeof next === "string" ? weightOfText(next) : VALUE_BYTES;
    if (typeof next !== "object" || next === null || seen.has(next)) {
      continue;
    }
    seen.add(next);
    if (ArrayBuffer.isView(next)) {
      weight += weightOfBuffer(next.buffer, seen);
    } else if (next instanceof ArrayBuffer) {
      weight += next.byteLength;
    } else {
      weight += open(next, pending, limit - weight);
    }
  }
  return weight;
}

/**
 * Copies the bytes in a decoded value, which are views of a whole frame, in the value itself.
 *
 * @param value - nobody else's: a tree of what MessagePack has
 */
export function detachBytes<Value>(value: Value): Value {
  const root = { value: value as unknown };
  const pending: object[] = [root];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const container = next as Record<string, unknown>;
    for (const [key, item] of Object.entries(container)) {
      if (item instanceof Uint8Array) {
        container[key] = Buffer.from(item);
      } else if (typeof item === "object" && item !== null) {
        pending.push(item);
      }
    }
  }
  return root.value as Value;
}
