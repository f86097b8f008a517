const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const CARET = 0x5e;
const DASH = 0x2d;
const BACKSLASH = 0x5c;

/**
 * Matches a channel name against a pattern of PSUBSCRIBE, byte by byte: `*`, `?`, `[abc]`, `[^a]`, `[a-z]` and `\`.
 *
 * The corner cases are Redis's: a class that is never closed ends with the pattern, a reversed range is turned
 * round, and the empty name matches the empty pattern alone, not `*`. It takes at most pattern × name steps, with
 * any number of stars.
 */
export function globMatch(pattern: Uint8Array, name: Uint8Array): boolean {
  if (name.length === 0) {
    return pattern.length === 0;
  }
  let p = 0;
  let n = 0;
  // Where to go on when a later part fails: the last star takes one byte more. Earlier stars never need to.
  let retryPattern = -1;
  let retryName = 0;
  while (n < name.length) {
    if (pattern[p] === STAR) {
      p += 1;
      retryPattern = p;
      retryName = n;
      continue;
    }
    const next = matchOne(pattern, p, byteAt(name, n));
    if (next !== -1) {
      p = next;
      n += 1;
      continue;
    }
    if (retryPattern === -1) {
      return false;
    }
    retryName += 1;
    p = retryPattern;
    n = retryName;
  }
  while (pattern[p] === STAR) {
    p += 1;
  }
  return p === pattern.length;
}

/** Past the end it gives -1, which equals no byte. */
function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? -1;
}

/** The position after the element at `p` when it matches `byte`, otherwise -1. */
function matchOne(pattern: Uint8Array, p: number, byte: number): number {
  if (p >= pattern.length) {
    return -1;
  }
  switch (pattern[p]) {
    case QUESTION:
      return p + 1;
    case OPEN:
      return matchClass(pattern, p + 1, byte);
    case BACKSLASH:
      return p + 1 < pattern.length ? matchLiteral(pattern, p + 1, byte) : matchLiteral(pattern, p, byte);
    default:
      return matchLiteral(pattern, p, byte);
  }
}

function matchLiteral(pattern: Uint8Array, p: number, byte: number): number {
  return byteAt(pattern, p) === byte ? p + 1 : -1;
}

function matchClass(pattern: Uint8Array, start: number, byte: number): number {
  const negated = byteAt(pattern, start) === CARET;
  let p = negated ? start + 1 : start;
  let found = false;
  while (p < pattern.length && pattern[p] !== CLOSE) {
    const left = pattern.length - p;
    if (pattern[p] === BACKSLASH && left >= 2) {
      found ||= byteAt(pattern, p + 1) === byte;
      p += 2;
    } else if (left >= 3 && pattern[p + 1] === DASH) {
      const [one, other] = [byteAt(pattern, p), byteAt(pattern, p + 2)];
      found ||= byte >= Math.min(one, other) && byte <= Math.max(one, other);
      p += 3;
    } else {
      found ||= byteAt(pattern, p) === byte;
      p += 1;
    }
  }
  return found === negated ? -1 : Math.min(p + 1, pattern.length);
}
