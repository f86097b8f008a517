import { styleText } from "node:util";

type Format = Parameters<typeof styleText>[0];

/**
 * Styles for text that is written to `stream`. They add nothing unless the stream is a terminal with colours, and follow
 * NO_COLOR and FORCE_COLOR as Node does.
 */
export function terminalStyles(stream: NodeJS.WriteStream) {
  const style = (format: Format) => (text: string) => styleText(format, text, { stream });
  return {
    bold: style("bold"),
    dim: style("dim"),
    red: style("red"),
    green: style("green"),
    yellow: style("yellow"),
    cyan: style("cyan"),
  };
}

export const { bold, dim, red, green, yellow, cyan } = terminalStyles(process.stdout);
