import { PassThrough } from "node:stream";
import test from "ava";
import type { Program } from "../../src/testing/program.js";
import { startPythonProgram } from "../../src/testing/python.js";
import { waitTimeout } from "../../src/testing/with-timeout.js";

/** A program that has said this of itself, and goes on without being ready. */
async function programThatSays(lines: readonly string[]): Promise<Program> {
  const stderr = new PassThrough();
  const start = () => ({
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderr,
    exited: new Promise<number>(() => {}),
    kill: () => {},
  });
  const program = startPythonProgram({ start }, "peer.py", []);
  stderr.end(lines.map((line) => `${line}\n`).join(""));
  while (program.log.length < lines.length) {
    await new Promise(setImmediate);
  }
  return program;
}

/** The limit alone does not keep a process. */
async function ready(program: Program): Promise<void> {
  const keep = setInterval(() => {}, 1_000);
  try {
    await waitTimeout.run(1, () => program.ready());
  } finally {
    clearInterval(keep);
  }
}

test("a program that does not come up is told with its last words", async (t) => {
  const program = await programThatSays(["Traceback:", "  File one", "", "AttributeError: no setter", ""]);
  await t.throwsAsync(() => ready(program), {
    message: [
      "timed out after 1 ms waiting for peer.py to be ready: AttributeError: no setter",
      "The last lines of peer.py:",
      "  Traceback:",
      "    File one",
      "  AttributeError: no setter",
    ].join("\n"),
  });
});

test("one that said a single thing, or nothing", async (t) => {
  const [brief, silent] = await Promise.all([programThatSays(["no port"]), programThatSays([])]);
  await t.throwsAsync(() => ready(brief), { message: "timed out after 1 ms waiting for peer.py to be ready: no port" });
  const message = "timed out after 1 ms waiting for peer.py to be ready; peer.py wrote nothing to stderr";
  await t.throwsAsync(() => ready(silent), { message });
});
