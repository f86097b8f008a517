const LARGE_BYTES = 16 * 1024;
const FIRST_BLOCK_BYTES = 1024;
const EMPTY = Buffer.alloc(0);

/**
 * Output that is not written yet. Small pieces are gathered in blocks, so that a thousand short messages for a slow
 * reader cost their bytes instead of a thousand buffers, and a burst goes out in few writes.
 */
export class OutputQueue {
  #bytes = 0;
  #pieces: Buffer[] = [];
  #block: Buffer = EMPTY;
  #used = 0;

  get bytes(): number {
    return this.#bytes;
  }

  append(piece: Buffer): void {
    this.#bytes += piece.length;
    if (piece.length >= LARGE_BYTES) {
      this.#seal();
      this.#pieces.push(piece);
      return;
    }
    if (piece.length > this.#block.length - this.#used) {
      const size = this.#bytes === piece.length ? FIRST_BLOCK_BYTES : LARGE_BYTES;
      this.#seal();
      this.#block = Buffer.allocUnsafe(Math.max(size, piece.length));
    }
    this.#used += piece.copy(this.#block, this.#used);
  }

  /** Takes everything, in order. */
  take(): readonly Buffer[] {
    this.#seal();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#bytes = 0;
    return pieces;
  }

  #seal(): void {
    if (this.#used > 0) {
      this.#pieces.push(this.#block.subarray(0, this.#used));
    }
    this.#block = EMPTY;
    this.#used = 0;
  }
}
