import { redactUrl } from "../../src/util/redact-url.js";

/** A shorter password would match inside other words. */
const MIN_PASSWORD_LENGTH = 4;

/** The passwords in the user info and in the query of a broker URL, percent-encoded and decoded. */
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

/** @returns a function that removes the secrets of a broker URL from any text, such as the message of a library */
export function redactor(queue: string): (text: string) => string {
  const redacted = redactUrl(queue);
  const passwords = [...new Set(passwordsOf(queue))].filter((password) => password.length >= MIN_PASSWORD_LENGTH);
  return (text) =>
    passwords.reduce((rest, password) => rest.replaceAll(password, "***"), text.replaceAll(queue, redacted));
}
