import test from "ava";
import { freePort } from "../../scripts/environment/free-port.js";

/** Chosen by chance alone, eleven would be there twice. */
const PORTS = 700;

const onLinux = process.platform === "linux" ? test : test.skip;

onLinux("a port that was given away is not given away again, though nothing listens there", async (t) => {
  const ports = new Set<number>();
  for (let count = 0; count < PORTS; count++) {
    ports.add(await freePort());
  }

  t.is(ports.size, PORTS);
});
