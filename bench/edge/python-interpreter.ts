import { readFileSync } from "node:fs";

/** Where `prepare.ts` writes the path of the interpreter. */
export const PYTHON_FILE = "build/bench-edge-python.json";

export function edgePython(): string {
  return (JSON.parse(readFileSync(PYTHON_FILE, "utf8")) as { python: string }).python;
}
