import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

const ALGORITHM = "aes-256-gcm";
const KEY_BYTES = 32;
const NAME_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Not secret: it keeps what is derived here apart from what others derive from the same secret. */
const PURPOSE = "socketio-python-bridge edge";

/**
 * Encrypts and authenticates what edges tell each other, with a key from the secret that they share with the workers: it
 * has cookies and sessions in it, and whoever can write to the channel must not be able to make it up.
 */
export class Seal {
  /** Of all edges with that secret, which it does not give away. */
  readonly name: string;
  readonly #key: Buffer;

  constructor(secret: string) {
    const derived = Buffer.from(hkdfSync("sha256", secret, "", PURPOSE, KEY_BYTES + NAME_BYTES));
    this.#key = derived.subarray(0, KEY_BYTES);
    this.name = derived.subarray(KEY_BYTES).toString("hex");
  }

  /** @param envelope - who says it to whom: it opens with the same one alone */
  close(text: string, envelope: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce, { authTagLength: TAG_BYTES }).setAAD(
      Buffer.from(envelope),
    );
    const encrypted = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), encrypted]);
  }

  /** Untrusted input. @returns undefined for what nobody with the secret has closed */
  open(sealed: Uint8Array, envelope: string): string | undefined {
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
    const start = NONCE_BYTES + TAG_BYTES;
    if (bytes.length < start) {
      return undefined;
    }
    const nonce = bytes.subarray(0, NONCE_BYTES);
    try {
      const decipher = createDecipheriv(ALGORITHM, this.#key, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(envelope)).setAuthTag(bytes.subarray(NONCE_BYTES, start));
      return Buffer.concat([decipher.update(bytes.subarray(start)), decipher.final()]).toString();
    } catch {
      return undefined;
    }
  }
}
