import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import { withTimeout } from "../../../src/testing/with-timeout.js";
import { CONTAINER_LABEL, type ContainerProvider } from "../environment.js";

/** Resolves when it has ended. @param signal - SIGTERM lets it shut down. @default "SIGKILL" */
export type EndServer = (signal?: "SIGKILL" | "SIGTERM") => Promise<void>;

/** How long a container has to shut down, in milliseconds. */
const SHUTDOWN_MS = 20_000;

export interface ServerProcessOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** Of its output, for an error: why it has ended. */
const MOST_LAST_LINES = 10;

/**
 * @param readyLine - part of the line on standard output after which it accepts connections
 * @returns a function that kills it
 */
export async function serverProcess(
  server: string,
  args: readonly string[],
  readyLine: string,
  { env, cwd }: ServerProcessOptions = {},
): Promise<EndServer> {
  const child = spawn(server, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env }, cwd });
  // Not inherited: a server that outlives this process would keep open what somebody reads to its end.
  child.stderr.pipe(process.stderr, { end: false });
  const killAtExit = () => child.kill("SIGKILL");
  process.once("exit", killAtExit);
  child.once("exit", () => process.off("exit", killAtExit));
  const lines = createInterface({ input: child.stdout });
  const last: string[] = [];
  await withTimeout(
    `"${readyLine}" from ${server} ${args.join(" ")}`,
    new Promise<void>((resolve, reject) => {
      lines.on("line", (line) => {
        last.splice(0, last.length - MOST_LAST_LINES + 1);
        last.push(line);
        if (line.includes(readyLine)) {
          resolve();
        }
      });
      child.once("close", (code) => reject(new Error([`${server} ended with ${code}`, ...last].join("\n"))));
      child.once("error", reject);
    }),
  ).catch((error: unknown) => {
    child.kill("SIGKILL");
    throw error;
  });
  // One that nobody ends, such as where another one could not be started, must not keep this process from ending.
  const handles = [child, child.stdout as Socket, child.stderr as Socket];
  for (const handle of handles) {
    handle.unref();
  }
  return async (signal = "SIGKILL") => {
    for (const handle of handles) {
      handle.ref();
    }
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, "exit");
      child.kill(signal);
      await withTimeout(`the end of ${server}`, exited);
    }
  };
}

export interface ServerContainerOptions {
  readonly env?: Record<string, string>;
  /** Copied to the same path inside. */
  readonly files?: readonly string[];
  /** Shared with this machine at the same path, and written as the user who runs the tests. */
  readonly directory?: string;
}

/**
 * On the network of this machine, as the process would be: a published port would be open to other machines too, and
 * might accept connections while there is no Redis behind it.
 */
export async function serverContainer(
  { image, reaper }: ContainerProvider,
  command: readonly string[],
  readyLine: string,
  { env = {}, files = [], directory }: ServerContainerOptions = {},
): Promise<EndServer> {
  if (!reaper) {
    // Without this it would start nothing at all.
    process.env.TESTCONTAINERS_RYUK_DISABLED = "true";
  }
  const { GenericContainer, Wait } = await import("testcontainers");
  const definition = new GenericContainer(image)
    .withLabels({ [CONTAINER_LABEL.name]: CONTAINER_LABEL.value })
    .withNetworkMode("host")
    .withCopyFilesToContainer(files.map((file) => ({ source: file, target: file, mode: 0o666 })))
    .withEnvironment(env)
    .withCommand([...command])
    .withWaitStrategy(Wait.forLogMessage(readyLine));
  if (directory !== undefined) {
    definition
      .withBindMounts([{ source: directory, target: directory }])
      .withUser(`${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`);
  }
  const container = await definition.start();
  return async (signal) => {
    await container.stop({ timeout: signal === "SIGTERM" ? SHUTDOWN_MS : 0 });
  };
}
