import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { getContainerRuntimeClient, getReaper, ImageName } from "testcontainers";

/** Where no registry is reached, this makes images of the public names. */
const MAKE_IMAGES = "scripts/images/build-local";

/**
 * Finds the Docker engine. Without the image of testcontainers' reaper, what a killed run leaves behind is removed when
 * the next one starts.
 *
 * @throws Error that says what to start
 */
export async function connectToEngine() {
  const noEngine = "no Docker engine answers, and this runs only in containers: start one";
  const client = await getContainerRuntimeClient().catch((cause: unknown) => {
    throw new Error(noEngine, { cause });
  });
  // The command is needed too, and testcontainers looks for an engine in more places.
  await promisify(execFile)("docker", ["info"]).catch((cause: unknown) => {
    throw new Error(noEngine, { cause });
  });
  const hasReaper = await getReaper(client).then(
    () => true,
    () => false,
  );
  if (!hasReaper) {
    // Without this, testcontainers would start nothing at all.
    process.env.TESTCONTAINERS_RYUK_DISABLED = "true";
  }
  return client;
}

export type Engine = Awaited<ReturnType<typeof connectToEngine>>;

/** Pulls it if it is not there. @throws Error that says how to get it */
export async function requireImage({ image: images }: Engine, name: string): Promise<void> {
  const image = ImageName.fromString(name);
  const cause = await images.pull(image).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(await images.exists(image))) {
    throw new Error(`the image ${name} is not here, and cannot be pulled: run ${MAKE_IMAGES} ${name}`, { cause });
  }
}
