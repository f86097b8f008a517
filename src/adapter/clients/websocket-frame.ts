/** Lengths from which on the length field of a frame has two bytes more, or eight. */
const [TWO_BYTES, EIGHT_BYTES] = [126, 65_536];

/** FIN, and the opcode of a text frame. */
const TEXT = 0x81;

/**
 * Allocates a WebSocket frame (RFC 6455, section 5.2) as a server sends a text: in one piece and unmasked.
 *
 * @param length - bytes of the text, as UTF-8
 * @returns the frame with its header, and where the text goes
 */
export function textFrame(length: number): { readonly frame: Buffer; readonly start: number } {
  const start = length < TWO_BYTES ? 2 : length < EIGHT_BYTES ? 4 : 10;
  const frame = Buffer.allocUnsafe(start + length);
  frame[0] = TEXT;
  if (start === 2) {
    frame[1] = length;
  } else if (start === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(0, 2);
    frame.writeUInt32BE(length, 6);
  }
  return { frame, start };
}
