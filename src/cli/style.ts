/** Colour only where a person reads it; NO_COLOR turns it off (no-color.org). */
const isColourful = process.stdout.isTTY === true && !process.env.NO_COLOR;

export const sgr = (on: number, off: number) => (text: string) =>
  isColourful ? `\x1b[${on}m${text}\x1b[${off}m` : text;

export const bold = sgr(1, 22);
export const dim = sgr(2, 22);
export const green = sgr(32, 39);
export const red = sgr(31, 39);
export const yellow = sgr(33, 39);
