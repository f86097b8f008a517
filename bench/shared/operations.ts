import { once } from "node:events";
import { createInterface } from "node:readline";

/**
 * Runs the operations that come as lines of JSON on standard input, one after the other, and ends the process when there are
 * no more.
 */
export async function runOperations<Operation>(run: (operation: Operation) => Promise<void>): Promise<never> {
  const lines = createInterface({ input: process.stdin });
  let work = Promise.resolve();
  lines.on("line", (line) => {
    work = work.then(() => run(JSON.parse(line) as Operation));
    // The reason goes to the log, and whoever waits for a reply gets an error when this process ends.
    work.catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    });
  });
  await once(lines, "close");
  process.exit();
}
