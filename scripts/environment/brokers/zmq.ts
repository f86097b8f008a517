import { join } from "node:path";
import { cleanUp, type Scope } from "../../../src/testing/scope.js";
import { testEnvironment } from "../environment.js";
import { freePort } from "../free-port.js";
import type { RunningBroker } from "./broker.js";
import { serverProcess } from "./server.js";

/** A forwarder takes messages at one port and publishes them at another. */
export interface TestForwarder extends RunningBroker {
  readonly publishPort: number;
}

/** Starts a forwarder between the hosts that use ZeroMQ, which lives until it is killed. */
export async function launchForwarder(): Promise<TestForwarder> {
  const [port, publishPort] = [await freePort(), await freePort()];
  const args = [join("python-fixtures", "zmq_forwarder.py"), String(port), String(publishPort)];
  const start = () => serverProcess(testEnvironment().pythonWithZmq, args, "ready");
  let end = await start();
  return {
    url: `zmq+tcp://127.0.0.1:${port}+${publishPort}`,
    port,
    publishPort,
    crash: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
    start: async () => {
      end = await start();
    },
    kill: () => end("SIGKILL"),
  };
}

/** Starts a forwarder for this test alone. */
export async function startForwarder(scope: Scope): Promise<TestForwarder> {
  const forwarder = await launchForwarder();
  cleanUp(scope, () => forwarder.kill());
  return forwarder;
}
