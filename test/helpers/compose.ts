import { execFile } from "node:child_process";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { succeeds } from "../../scripts/environment/install.js";
import { withTimeout } from "../../src/testing/with-timeout.js";

const POLL_MS = 100;

const run = promisify(execFile);

/** Enough for the output of a build. */
export const MAX_OUTPUT = 64 * 1024 * 1024;

/** What the names of the tests' own fleets begin with. */
export const TEST_PROJECT_PREFIX = "fleet-test-";

/**
 * Command and first arguments of Compose: version 2 if this machine has it, else version 1, as Debian 12 has it.
 * `DOCKER_COMPOSE` in the environment names another one.
 */
export function composeCommand(): readonly [string, ...string[]] {
  const { DOCKER_COMPOSE } = process.env;
  if (DOCKER_COMPOSE !== undefined) {
    return [DOCKER_COMPOSE];
  }
  return succeeds("docker", ["compose", "version"]) ? ["docker", "compose"] : ["docker-compose"];
}

/** What a file of Compose starts, under a name of its own, so that it gets in the way of no other. */
export interface ComposeProject {
  /** @returns its output @throws Error with its output */
  compose(...args: readonly string[]): Promise<string>;
  /** Runs a line of the documentation. @throws Error with its output */
  shell(line: string): Promise<string>;
  /** @returns the id of the container of a service */
  container(service: string): Promise<string>;
  /** @returns the ids of its containers, networks and volumes, by kind */
  remains(): Promise<Readonly<Record<string, readonly string[]>>>;
}

async function output(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { stdout, stderr } = await run(command, args, { env: { ...process.env, ...env }, maxBuffer: MAX_OUTPUT });
  return stdout + (stdout === "" ? stderr : "");
}

export const docker = (...args: readonly string[]): Promise<string> => output("docker", args);

const lines = (text: string): readonly string[] => text.split("\n").filter(Boolean);

/** @param env - what the file reads from the environment */
export function composeProject(name: string, file: string, env: NodeJS.ProcessEnv): ComposeProject {
  const [command, ...first] = composeCommand();
  const project = [...first, "--project-name", name, "--file", file];
  const compose = (...args: readonly string[]) => output(command, [...project, ...args], env);
  const filter = `label=com.docker.compose.project=${name}`;
  // Whoever types it has a terminal; a test has none.
  const exec = `${[command, ...project].join(" ")} exec -T`;
  return {
    compose,
    shell: (line) => output("sh", ["-c", line.replace("docker compose exec", exec)], env),
    container: async (service) => {
      const [id] = lines(
        await docker("ps", "--quiet", "--filter", filter, "--filter", `label=com.docker.compose.service=${service}`),
      );
      if (id === undefined) {
        throw new Error(`no container of ${service} runs`);
      }
      return id;
    },
    remains: async () => ({
      containers: lines(await docker("ps", "--all", "--quiet", "--filter", filter)),
      networks: lines(await docker("network", "ls", "--quiet", "--filter", filter)),
      volumes: lines(await docker("volume", "ls", "--quiet", "--filter", filter)),
    }),
  };
}

/** For what tells nobody when it is so. */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  let givenUp = false;
  const asked = async (): Promise<void> => {
    while (!givenUp && !(await isSo())) {
      await setTimeout(POLL_MS);
    }
  };
  await withTimeout(what, asked()).finally(() => {
    givenUp = true;
  });
}
