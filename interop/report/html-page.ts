import { createHash } from "node:crypto";
import { STYLE } from "./html-style.js";
import { Html, html } from "./html-template.js";
import { SYMBOLS } from "./summary.js";

interface Page {
  readonly verdict: "pass" | "fail";
  readonly title: string;
  /** Beside the title. */
  readonly summary: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly content: readonly Html[];
}

/** A self-contained page: no scripts, no resources, and a policy that would block any. */
export function toPage({ verdict, title, summary, facts, content }: Page): string {
  const hash = createHash("sha256").update(STYLE).digest("base64");
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  const terms = Object.entries(facts).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${verdict === "pass" ? "Works" : "Fails"}: ${title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<header><div>
<div class="title"><h1>${title}</h1><span class="verdict ${verdict}">${SYMBOLS[verdict]} ${summary}</span></div>
<dl class="facts">${terms}</dl>
</div></header>
<main>
${content.map((part) => html`${part}\n`)}<footer>Made by socketio-python-bridge interop.</footer>
</main>
</body>
</html>
`.text;
}
