/**
 * Makes what the tests in `test/containers` need, before they start: images, Compose, a browser. Where there is no Docker
 * engine, or an image can neither be pulled nor made, nothing is tested and one line says so.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { dirname, resolve } from "node:path";
import { BROKER_IMAGES } from "../../scripts/environment/environment.js";
import {
  findOrInstall,
  findOrInstallBrowser,
  hasImage,
  Missing,
  runPreparation,
  say,
  succeeds,
} from "../../scripts/environment/install.js";
import { composeCommand, MAX_OUTPUT, TEST_PROJECT_PREFIX } from "../helpers/compose.js";

/** As `scripts/images/build-local` knows them. */
const IMAGES: readonly string[] = [
  ...["python:3.11-slim", "python:3.9-slim", "node:24-slim", "nginx:1-alpine"],
  ...Object.values(BROKER_IMAGES),
];

const COMPOSE_FILES = ["docker-compose.yml", "examples/edge/compose.yml"];

function prepareImages(): void {
  const missing = IMAGES.filter((image) => !hasImage(image));
  if (missing.length === 0) {
    return;
  }
  say(`no registry has ${missing.join(", ")}: making them here`);
  findOrInstall(["debootstrap"], ["debootstrap"], "debootstrap");
  if (missing.includes(BROKER_IMAGES.kafka)) {
    findOrInstall(["mvn"], ["maven"], "Maven");
  }
  execFileSync("scripts/images/build-local", missing, { stdio: ["ignore", "inherit", "inherit"] });
}

/** Those that an earlier run of this checkout left behind when it was killed. */
function removeOldFleets(): void {
  const [command, ...first] = composeCommand();
  const format = '{{.Label "com.docker.compose.project"}}';
  const names = COMPOSE_FILES.flatMap((file) => {
    const filter = `label=com.docker.compose.project.working_dir=${dirname(resolve(file))}`;
    const all = execFileSync("docker", ["ps", "--all", "--filter", filter, "--format", format], { encoding: "utf8" });
    return all.split("\n").filter((line) => line.startsWith(TEST_PROJECT_PREFIX));
  });
  for (const name of new Set(names)) {
    say(`removing ${name}, of an earlier run`);
    const down = [...first, "--project-name", name, "down", "--volumes", "--timeout", "0"];
    execFileSync(command, down, { stdio: "ignore" });
  }
}

/** Not in the test that needs them: the first time it takes minutes, in which a test would seem to hang. */
function prepareFleets(): void {
  if (!succeeds("docker", ["compose", "version"])) {
    findOrInstall(["docker-compose"], ["docker-compose"], "Docker Compose");
  }
  const [command, ...first] = composeCommand();
  removeOldFleets();
  for (const file of COMPOSE_FILES) {
    say(`building the images of ${file}`);
    const start = Date.now();
    const build = [...first, "--file", file, "build"];
    const { status, stdout, stderr } = spawnSync(command, build, { encoding: "utf8", maxBuffer: MAX_OUTPUT });
    if (status !== 0) {
      process.stderr.write(stdout + stderr);
      throw new Error(`${[command, ...build].join(" ")} failed: its output is above`);
    }
    say(`they took ${Math.round((Date.now() - start) / 1000)} s`);
  }
}

await runPreparation(() => {
  if (!succeeds("docker", ["info"])) {
    throw new Missing("no Docker engine answers, and these tests are about containers: start one");
  }
  prepareImages();
  prepareFleets();
  findOrInstallBrowser();
});
