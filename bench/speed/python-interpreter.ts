import { readFileSync } from "node:fs";

/** Where `prepare.ts` writes the path of the interpreter. */
export const PYTHON_FILE = "build/bench-python.json";

export function benchPython(): string {
  return (JSON.parse(readFileSync(PYTHON_FILE, "utf8")) as { python: string }).python;
}
