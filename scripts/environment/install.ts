/** What the programs that prepare the tests share: they find what is on this machine, and install what is not. */
import { execFileSync, spawnSync } from "node:child_process";

/** Its message says what to install. */
export class Missing extends Error {}

export const say = (line: string): void => console.info(`prepare: ${line}`);

export function succeeds(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

export function find(...names: readonly string[]): string | undefined {
  const found = names.map((name) => spawnSync("sh", ["-c", `command -v "${name}"`], { encoding: "utf8" }));
  return found.map(({ stdout }) => stdout.trim()).find((path) => path !== "");
}

const canInstall = process.getuid?.() === 0 && find("apt-get") !== undefined;

/** As root on Debian or Ubuntu only; elsewhere one line says what is missing. */
export function install(packages: readonly string[], purpose: string): void {
  const names = packages.join(" ");
  if (!canInstall) {
    throw new Missing(`${purpose} is missing: install it (on Debian or Ubuntu: apt-get install ${names})`);
  }
  say(`installing ${names} with apt-get, for ${purpose}`);
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const run = (args: readonly string[]) =>
    execFileSync("apt-get", args, { stdio: ["ignore", "ignore", "inherit"], env: environment });
  run(["update", "-qq"]);
  run(["install", "-y", "-qq", "--no-install-recommends", ...packages]);
}

export function findOrInstall(names: readonly string[], packages: readonly string[], purpose: string): string {
  const present = find(...names);
  if (present !== undefined) {
    return present;
  }
  install(packages, purpose);
  const installed = find(...names);
  if (installed === undefined) {
    throw new Missing(`${purpose}: ${packages.join(" ")} is installed, but there is no ${names.join(" or ")}`);
  }
  return installed;
}

const BROWSERS = ["chromium", "chromium-browser", "google-chrome"] as const;

export const findBrowser = (): string | undefined => find(...BROWSERS);

export const findOrInstallBrowser = (): string => findOrInstall(BROWSERS, ["chromium"], "a browser (Chromium)");

/** Whether this machine has it, or a registry that it reaches. */
export const hasImage = (image: string): boolean =>
  succeeds("docker", ["image", "inspect", image]) || succeeds("docker", ["pull", "--quiet", image]);

/** Ends with one line and code 1 if something is not available. */
export async function runPreparation(prepare: () => void | Promise<void>): Promise<void> {
  try {
    await prepare();
  } catch (error) {
    process.stderr.write(`prepare: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
