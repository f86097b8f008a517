/**
 * Replaces what may be a secret in a broker URL, or in a string that was meant to be one: everything between the user and
 * the `@`, and passwords in the query.
 */
export function redactUrl(url: string): string {
  return url
    .replace(/^(\W*[a-z][a-z0-9+.-]*:\/{1,2}[^:@/]*):.*@/i, "$1:***@")
    .replace(/^(\W*[^:@/]*):(?!\/).*@/, "$1:***@")
    .replace(/([?&]\w*pass(?:word|wd)?=)[^&#]*/gi, "$1***");
}
