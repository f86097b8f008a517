import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findOrInstall, install, say, succeeds } from "./install.js";

function makeVenv(python: string, directory: string): void {
  const args = ["-m", "venv", "--clear", directory];
  if (!succeeds(python, ["-c", "import ensurepip"])) {
    install(["python3-venv"], "the Python module venv");
  }
  execFileSync(python, args, { stdio: "inherit" });
}

export function findPython(): string {
  return findOrInstall(["python3", "python"], ["python3", "python3-venv"], "Python 3");
}

/**
 * Makes a virtual environment in the directory; anew when the requirements have changed.
 *
 * @returns its interpreter
 */
export function preparePython(requirements: string, directory: string): string {
  const wanted = createHash("sha256").update(readFileSync(requirements)).digest("hex");
  const stamp = join(directory, "requirements.sha256");
  const interpreter = join(process.cwd(), directory, "bin", "python");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted && existsSync(interpreter)) {
    return interpreter;
  }
  say(`installing ${requirements} into ${directory}`);
  makeVenv(findPython(), directory);
  execFileSync(interpreter, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  writeFileSync(stamp, wanted);
  return interpreter;
}
