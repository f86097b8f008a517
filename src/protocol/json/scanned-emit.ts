import type { EmitEnvelope, PayloadForm } from "../model/messages.js";

/** An emit in JSON without attachments, whose payload has not been read. */
export interface ScannedEmit {
  readonly envelope: EmitEnvelope;
  /** What `data` means. */
  readonly form: PayloadForm;
  /** Position in the message of the first byte of the value of `data`. */
  readonly dataStart: number;
  /** Position after its last byte. */
  readonly dataEnd: number;
}
