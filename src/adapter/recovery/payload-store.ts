/** Small payloads share pieces of memory of this size, in bytes. */
const SLAB_BYTES = 64 * 1024;

/** A larger payload has its own. */
const MAX_SHARED_BYTES = 8 * 1024;

/**
 * Copies of payloads. Buses pass views of larger buffers, and Node's own pool shares its pieces with whatever else the
 * process copies: either would keep several times a payload's size. Payloads that share a slab here are dropped in the
 * order in which they came.
 */
export class PayloadStore {
  #slab = Buffer.alloc(0);
  #used = 0;

  copy(payload: Uint8Array | string): Buffer {
    const length = typeof payload === "string" ? Buffer.byteLength(payload) : payload.byteLength;
    const copied = this.#allocate(length);
    if (typeof payload === "string") {
      copied.write(payload);
    } else {
      copied.set(payload);
    }
    return copied;
  }

  #allocate(length: number): Buffer {
    if (length > MAX_SHARED_BYTES) {
      return Buffer.allocUnsafeSlow(length);
    }
    if (this.#used + length > this.#slab.byteLength) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#used = 0;
    }
    this.#used += length;
    return this.#slab.subarray(this.#used - length, this.#used);
  }
}
