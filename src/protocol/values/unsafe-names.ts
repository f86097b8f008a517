/*
 * Keys that could reach a prototype in code that copies or merges objects carelessly. Rooms, events and namespaces may
 * have any name: neither this package nor Socket.IO uses them as keys of objects, and users of an application choose them.
 */

/** `constructor` alone is ordinary data; with a `prototype` inside, it is aimed at code that merges objects. */
function reachesPrototype(key: string, value: unknown): boolean {
  return key === "constructor" && typeof value === "object" && value !== null && Object.hasOwn(value, "prototype");
}

/** Whether an object in a payload must not have this key with this value. */
export function isUnsafeEntry(key: string, value: unknown): boolean {
  return key === "__proto__" || reachesPrototype(key, value);
}

/** @returns the first unsafe key at any depth; undefined if there is none */
export function findUnsafeKey(value: unknown): string | undefined {
  const pending: unknown[] = [value];
  while (pending.length > 0) {
    const next = pending.pop();
    if (typeof next !== "object" || next === null || next instanceof Uint8Array) {
      continue;
    }
    for (const [key, child] of Object.entries(next)) {
      if (!Array.isArray(next) && isUnsafeEntry(key, child)) {
        return key;
      }
      pending.push(child);
    }
  }
  return undefined;
}
