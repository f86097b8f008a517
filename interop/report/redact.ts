/** A shorter password would be found in every other word. */
const SHORTEST = 4;

/** The password of a URL of a broker, as it is there and as it is meant; and those of its query. */
function passwordsOf(url: string): readonly string[] {
  const authority = /^[^/]*\/\/([^/?#]*)/.exec(url)?.[1] ?? "";
  const userInfo = authority.includes("@") ? authority.slice(0, authority.lastIndexOf("@")) : "";
  const inAuthority = userInfo.includes(":") ? [userInfo.slice(userInfo.indexOf(":") + 1)] : [];
  const inQuery = [...url.matchAll(/[?&]\w*pass(?:word|wd)?=([^&#]*)/gi)].map(([, value = ""]) => value);
  return [...inAuthority, ...inQuery].flatMap((password) => [password, decode(password)]);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What takes the secrets of the queue's URL out of any text: what libraries say may have it whole or in part. */
import { redactUrl } from "../../src/util/redact-url.js";
export function redactor(queue: string): (text: string) => string {
  const shown = redactUrl(queue);
  const passwords = [...new Set(passwordsOf(queue))].filter((password) => password.length >= SHORTEST);
  return (text) =>
    passwords.reduce((rest, password) => rest.replaceAll(password, "***"), text.replaceAll(queue, shown));
}
