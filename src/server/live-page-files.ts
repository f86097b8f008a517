import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";

/** Every file of the live page. Other paths do not exist, and no path ever reaches the file system. */
const FILES: ReadonlyMap<string, { readonly type: string; readonly body: Buffer }> = new Map(
  [
    ["/", "index.html", "text/html"],
    ["/base.css", "base.css", "text/css"],
    ["/style.css", "style.css", "text/css"],
    ["/feed.css", "feed.css", "text/css"],
    ["/page.js", "page.js", "text/javascript"],
    ["/feed.js", "feed.js", "text/javascript"],
    ["/form.js", "form.js", "text/javascript"],
    ["/format.js", "format.js", "text/javascript"],
    ["/icon.svg", "icon.svg", "image/svg+xml"],
  ].map(([path = "", file = "", type]) => [
    path,
    { type: `${type}; charset=utf-8`, body: readFileSync(new URL(`./live-page/${file}`, import.meta.url)) },
  ]),
);

const HEADERS = {
  "Content-Security-Policy": [
    "default-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
    // The page writes text and never markup; this makes the browser enforce it.
    "require-trusted-types-for 'script'",
  ].join("; "),
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-cache",
};

/** Serves the files of the live page to GET and HEAD. @returns whether the path is one of them */
export function serveLivePage(request: IncomingMessage, response: ServerResponse): boolean {
  const [path = ""] = (request.url ?? "").split("?", 1);
  const file = FILES.get(path);
  if (file === undefined) {
    return false;
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.writeHead(405, { ...HEADERS, Allow: "GET, HEAD", "Content-Length": 0 }).end();
    return true;
  }
  response.writeHead(200, { ...HEADERS, "Content-Type": file.type, "Content-Length": file.body.length });
  // Node sends no body in reply to HEAD.
  response.end(file.body);
  return true;
}
