/** Formats event arguments as pieces of text, each with a class for its colour, and never as markup. */

/** Longer strings are truncated. */
const MAX_STRING = 2_000;
/** Values shown of one argument, so that a list of a million numbers cannot freeze the page. */
const MAX_VALUES = 500;
const MAX_DEPTH = 20;
const HEX_BYTES = 24;

/**
 * @typedef {{ kind: string, text: string }} Piece
 * @typedef {{ left: number, width: number }} Budget values that may still be printed; characters that fit on a line
 */

/**
 * Creates an element with attributes and children. Strings become text nodes.
 *
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/**
 * One argument, on one line where it fits and indented where it does not.
 *
 * @param {unknown} value
 * @param {number} width characters that fit on a line
 */
export function formatValue(value, width) {
  return spans(print(value, "", { left: MAX_VALUES, width }));
}

/** @param {number} count @param {string} one */
export function plural(count, one) {
  return `${count.toLocaleString("en")} ${one}${count === 1 ? "" : "s"}`;
}

/** The tokens of Python in a short snippet: strings, comments, keywords. */
const PYTHON =
  /(?<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?<comment>#.*)|\b(?<word>from|import|True|False|None|await|async|with|as)\b/g;

/** @param {string} code */
export function formatPython(code) {
  const pieces = [];
  let end = 0;
  for (const match of code.matchAll(PYTHON)) {
    const [kind = "plain"] = Object.entries(match.groups ?? {}).find(([, text]) => text !== undefined) ?? [];
    pieces.push({ kind: "plain", text: code.slice(end, match.index) }, { kind, text: match[0] });
    end = match.index + match[0].length;
  }
  pieces.push({ kind: "plain", text: code.slice(end) });
  return spans(pieces);
}

/** @param {Piece[]} pieces */
function spans(pieces) {
  const fragment = document.createDocumentFragment();
  for (const { kind, text } of pieces) {
    fragment.append(kind === "plain" ? text : element("span", { class: `v-${kind}` }, text));
  }
  return fragment;
}

/**
 * @param {unknown} value
 * @param {string} indent
 * @param {Budget} budget
 * @returns {Piece[]}
 */
function print(value, indent, budget) {
  budget.left -= 1;
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    return printBinary(value);
  }
  if (typeof value === "string") {
    return printString(value);
  }
  if (Array.isArray(value)) {
    const entries = value.map((inner) => ({ key: [], inner }));
    return printContainer("[", "]", entries, indent, budget);
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([key, inner]) => ({
      key: [
        { kind: "key", text: JSON.stringify(cut(key)) },
        { kind: "plain", text: ": " },
      ],
      inner,
    }));
    return printContainer("{", "}", entries, indent, budget);
  }
  return [{ kind: typeof value === "number" ? "number" : "word", text: String(value) }];
}

/**
 * @param {string} open
 * @param {string} close
 * @param {{ key: Piece[], inner: unknown }[]} entries
 * @param {string} indent
 * @param {Budget} budget
 */
function printContainer(open, close, entries, indent, budget) {
  const deeper = `${indent}  `;
  const printed = [];
  for (const { key, inner } of entries) {
    if (budget.left <= 0 || deeper.length > 2 * MAX_DEPTH) {
      printed.push([{ kind: "note", text: `… ${(entries.length - printed.length).toLocaleString("en")} more` }]);
      break;
    }
    printed.push([...key, ...print(inner, deeper, budget)]);
  }
  const flat = printed.flat();
  const length = flat.reduce((sum, piece) => sum + piece.text.length, indent.length + 2 * printed.length);
  const fits = length <= budget.width && !flat.some((piece) => piece.text.includes("\n"));
  // A thousand numbers are easier to read as a paragraph than as a column.
  const isParagraph = open === "[" && entries.every(({ inner }) => typeof inner === "number");
  const next = fits || isParagraph ? ", " : `,\n${deeper}`;
  const [before, between, after] = fits ? ["", next, ""] : [`\n${deeper}`, next, `\n${indent}`];
  const body = printed.flatMap((pieces, index) => [{ kind: "plain", text: index === 0 ? before : between }, ...pieces]);
  return [{ kind: "plain", text: open }, ...body, { kind: "plain", text: (printed.length > 0 ? after : "") + close }];
}

/** @param {string} value */
function printString(value) {
  const pieces = [{ kind: "string", text: JSON.stringify(cut(value)) }];
  if (value.length > MAX_STRING) {
    pieces.push({ kind: "note", text: ` … ${(value.length - MAX_STRING).toLocaleString("en")} more characters` });
  }
  return pieces;
}

/** @param {string} text */
function cut(text) {
  return text.length > MAX_STRING ? text.slice(0, MAX_STRING) : text;
}

/** @param {ArrayBuffer | ArrayBufferView} value */
function printBinary(value) {
  const bytes =
    value instanceof ArrayBuffer
      ? new Uint8Array(value)
      : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  const hex = Array.from(bytes.subarray(0, HEX_BYTES), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  const pieces = [{ kind: "binary", text: `binary, ${plural(bytes.length, "byte")}` }];
  if (hex !== "") {
    pieces.push({ kind: "hex", text: `  ${hex}${bytes.length > HEX_BYTES ? " …" : ""}` });
  }
  return pieces;
}
