import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ImageName } from "testcontainers";
import { type Engine, requireImage } from "./engine.js";
import type { MatrixRow } from "./rows.js";

const DOCKERFILE = join("test", "containers", "matrix", "Dockerfile");
const REPOSITORY = "socketio-python-bridge/python-peers";

const pythonImage = ({ python }: MatrixRow): string => `python:${python}-slim`;

/** Tells by its tag what is in it, so it is made anew when that changes, and is there for the next run when not. */
function nameOfImage(row: MatrixRow): string {
  const content = [readFileSync(DOCKERFILE, "utf8"), row.python, row.requirements].join("\n");
  return `${REPOSITORY}:${row.release}-${createHash("sha256").update(content).digest("hex").slice(0, 12)}`;
}

/** Not by testcontainers, which keeps to itself what went wrong, and leaves the container of a failed step behind. */
async function build(name: string, context: string, { python, release }: MatrixRow): Promise<void> {
  const options = ["--build-arg", `PYTHON=${python}`, "--tag", name, "--force-rm", "--quiet"];
  try {
    await promisify(execFile)("docker", ["build", ...options, context]);
  } catch (error) {
    const words = String((error as { stderr?: string }).stderr ?? error).trim();
    throw new Error(`the image of python-socketio ${release} cannot be built: ${words}`);
  }
}

/**
 * The image of a row, which is built if it is not there.
 *
 * @returns its name
 * @throws Error that says how to get the image that it is built on, or why it cannot be built
 */
export async function rowImage(engine: Engine, row: MatrixRow): Promise<string> {
  const name = nameOfImage(row);
  if (await engine.image.exists(ImageName.fromString(name))) {
    return name;
  }
  await requireImage(engine, pythonImage(row));
  const context = mkdtempSync(join(tmpdir(), "python-peers-"));
  try {
    copyFileSync(DOCKERFILE, join(context, "Dockerfile"));
    writeFileSync(join(context, "requirements.txt"), row.requirements);
    await build(name, context, row);
  } finally {
    rmSync(context, { recursive: true });
  }
  return name;
}
