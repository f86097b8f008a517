import { PassThrough } from "node:stream";
import test from "ava";
import type { Program } from "../../src/testing/program.js";
import { startPythonProgram } from "../../src/testing/python.js";
import { waitTimeout } from "../../src/testing/with-timeout.js";

/** A program that has written these lines to stderr, and does not become ready. */
async function programThatLogs(lines: readonly string[]): Promise<Program> {
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

/** The timer of the timeout does not keep the process alive. */
async function ready(program: Program): Promise<void> {
  const keep = setInterval(() => {}, 1_000);
  try {
    await waitTimeout.run(1, () => program.ready());
  } finally {
    clearInterval(keep);
  }
}

test("the error of a program that does not start has its last output", async (t) => {
  const program = await programThatLogs(["Traceback:", "  File one", "", "AttributeError: no setter", ""]);
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

test("the same with a single line of output, or none", async (t) => {
  const [brief, silent] = await Promise.all([programThatLogs(["no port"]), programThatLogs([])]);
  await t.throwsAsync(() => ready(brief), { message: "timed out after 1 ms waiting for peer.py to be ready: no port" });
  const message = "timed out after 1 ms waiting for peer.py to be ready; peer.py wrote nothing to stderr";
  await t.throwsAsync(() => ready(silent), { message });
});
