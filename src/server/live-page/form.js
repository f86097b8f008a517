/** What people type: reading it, and saying at the field what is wrong with it. */

/**
 * Several arguments are written with commas between them, so nothing at all is no argument.
 *
 * @param {string} text
 * @returns {{ args: unknown[] } | { error: string }}
 */
export function parseArguments(text) {
  try {
    return { args: JSON.parse(`[${text}\n]`) };
  } catch {
    return { error: explain(text) };
  }
}

/**
 * What is most likely wrong. Most people come here with Python in their fingers, and an engine's own message counts
 * positions in a text that they did not type.
 *
 * @param {string} text
 */
function explain(text) {
  // Without the strings, whose contents would mislead every check below.
  const bare = text.replace(/"(?:[^"\\\n]|\\.)*"/g, "§");
  const word = bare.match(/[A-Za-z_$][\w$]*/g)?.find((found) => !/^(true|false|null|[eE]\d*)$/.test(found));
  if (bare.includes("'")) {
    return 'JSON puts text in double quotes: "like this".';
  }
  if (bare.includes('"')) {
    return "A text in double quotes is not closed.";
  }
  if (word === "True" || word === "False" || word === "None") {
    return `JSON writes true, false and null where Python writes ${word}.`;
  }
  if (word !== undefined) {
    return `Text needs double quotes: "${word}".`;
  }
  return explainSigns(bare);
}

/** @param {string} bare */
function explainSigns(bare) {
  const open = [];
  for (const sign of bare.replace(/[^[\]{}]/g, "")) {
    if (sign === "[" || sign === "{") {
      open.push(sign === "[" ? "]" : "}");
      continue;
    }
    const expected = open.pop();
    if (expected !== sign) {
      return expected === undefined ? `There is a ${sign} too many.` : `There is a ${sign} where a ${expected} is due.`;
    }
  }
  if (open.length > 0) {
    return `A closing ${open.at(-1)} is missing.`;
  }
  if (/,\s*([\]},]|$)|(^|[[{])\s*,/.test(bare)) {
    return "There is a comma with no value beside it.";
  }
  if (/[§\d}\]]\s+[§\d{[]|[}\]§]\s*[§{[]/.test(bare)) {
    return "A comma (or a colon) is missing between two values.";
  }
  return 'This is not JSON. Examples: {"from": "me"}, or "text", 42, or nothing at all.';
}

/**
 * Shows a message at a field, or takes it away.
 *
 * @param {HTMLElement} field
 * @param {HTMLElement} place
 * @param {string} message `""` for none
 */
export function showError(field, place, message) {
  // A live region that is given the same text again says it again.
  if (place.textContent !== message) {
    place.textContent = message;
  }
  if (message === "") {
    field.removeAttribute("aria-invalid");
  } else {
    field.setAttribute("aria-invalid", "true");
  }
}
