/** Those of the clients that a host asks most recently. The one that falls out is asked apart once more. */
const MAX_CLIENTS = 10_000;

/** Sids of clients of other hosts that have acknowledged, so that nobody needs to find out again that they are no rooms. */
export class KnownClients {
  readonly #keys = new Set<string>();

  has(namespace: string, sid: string): boolean {
    const key = keyOf(namespace, sid);
    const isKnown = this.#keys.delete(key);
    if (isKnown) {
      this.#keys.add(key);
    }
    return isKnown;
  }

  add(namespace: string, sid: string): void {
    this.#keys.add(keyOf(namespace, sid));
    if (this.#keys.size > MAX_CLIENTS) {
      const [oldest] = this.#keys;
      this.#keys.delete(oldest as string);
    }
  }
}

/** No sid has a space. */
const keyOf = (namespace: string, sid: string): string => `${sid} ${namespace}`;
