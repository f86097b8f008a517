import { printable } from "../../src/util/printable.js";

/** Markup that is not escaped again. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

type Value = Html | string | number | readonly Value[];

function render(value: Value): string {
  if (value instanceof Html) {
    return value.text;
  }
  if (typeof value === "object") {
    return value.map(render).join("");
  }
  return printable(String(value)).replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}

/** A template tag: values are escaped unless they are `Html`. */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Html {
  return new Html(strings.map((text, index) => text + render(values[index] ?? "")).join(""));
}
