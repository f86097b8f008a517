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
