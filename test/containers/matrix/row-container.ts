import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { GenericContainer } from "testcontainers";
import { CONTAINER_LABEL } from "../../../scripts/environment/environment.js";
import { spawnChild } from "../../../src/testing/child-process.js";
import type { Python } from "../../../src/testing/python.js";
import type { Engine } from "./engine.js";
import { rowImage } from "./images.js";
import { FIXTURES, type MatrixRow } from "./rows.js";

/** Whose managers the fixtures use. */
const PACKAGE = "python/src/socketio_bridge";

/** The interpreter of a release line. */
export interface RowContainer {
  readonly python: Python;
  /** Commands of the programs of `python-fixtures` that run now. */
  programs(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** A program in a container: it ends with its standard input, as it would beside us. */
export function containedPython(id: string): Python {
  return {
    start: (script, args) => {
      return spawnChild("docker", ["exec", "--interactive", id, "python", script, ...args]);
    },
  };
}

/** On the network of this machine, so that every URL is the same inside and outside. */
export async function startRow(engine: Engine, row: MatrixRow): Promise<RowContainer> {
  const image = await rowImage(engine, row);
  const files = [FIXTURES, PACKAGE].flatMap((directory) =>
    readdirSync(directory)
      .filter((name) => name.endsWith(".py"))
      .map((name) => ({ source: join(directory, name), target: `/${directory}/${name}` })),
  );
  const started = await new GenericContainer(image)
    .withLabels({ [CONTAINER_LABEL.name]: CONTAINER_LABEL.value })
    .withNetworkMode("host")
    .withEnvironment({ PYTHONPATH: `/${dirname(PACKAGE)}` })
    .withCopyFilesToContainer(files)
    .withCommand(["sleep", "infinity"])
    .start();
  const container = engine.container.getById(started.getId());
  return {
    python: containedPython(started.getId()),
    programs: async () => {
      const { Titles, Processes } = (await container.top()) as { Titles: string[]; Processes: string[][] };
      const column = Titles.indexOf("CMD");
      const commands = Processes.map((process) => process[column] ?? "");
      return commands.filter((command) => command.includes(".py"));
    },
    stop: async () => {
      await started.stop({ timeout: 0 });
    },
  };
}
