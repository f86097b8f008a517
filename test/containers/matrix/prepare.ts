/** Makes the images of the matrix before anything runs that measures time: the first time it takes minutes. */

import { BROKER_IMAGES } from "../../../scripts/environment/environment.js";
import { limitedTo } from "./at-once.js";
import { connectToEngine, requireImage } from "./engine.js";
import { rowImage } from "./images.js";
import { readRows } from "./rows.js";

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

async function prepare(): Promise<void> {
  const engine = await connectToEngine();
  for (const image of Object.values(BROKER_IMAGES)) {
    await requireImage(engine, image);
  }
  const begun = performance.now();
  const atOnce = limitedTo(2);
  await Promise.all(
    readRows().map((row) =>
      atOnce(async () => {
        const start = performance.now();
        const image = await rowImage(engine, row);
        console.info(`matrix: ${image} after ${seconds(start)}`);
      }),
    ),
  );
  console.info(`matrix: all images after ${seconds(begun)}`);
}

try {
  await prepare();
} catch (error) {
  process.stderr.write(`matrix: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
