import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cleanUp, type Scope } from "../../src/testing/scope.js";

/** Gone when the test is over. */
export function temporaryDirectory(t: Scope): string {
  const directory = mkdtempSync(join(tmpdir(), "bridge-"));
  cleanUp(t, () => rmSync(directory, { recursive: true }));
  return directory;
}
