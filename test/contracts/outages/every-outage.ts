import type { TestFn } from "ava";
import type { RunningBroker } from "../../../scripts/environment/brokers/broker.js";
import { testBlackHoles } from "./black-holes.js";
import { testBounds } from "./bounds.js";
import { testBusyProcess } from "./busy-process.js";
import { testClosing } from "./closing.js";
import { testCutOff } from "./cut-off.js";
import { testGarbled } from "./garbled.js";
import { testHosts } from "./hosts.js";
import type { OutageBroker } from "./outage-broker.js";
import { testRecovery } from "./recovery.js";
import { testRestarts } from "./restarts.js";

/** What every bus over a network promises when its broker goes away. */
export function testEveryOutage<Broker extends RunningBroker>(
  test: TestFn<Broker>,
  broker: OutageBroker<Broker>,
): void {
  testRestarts(test, broker);
  testCutOff(test, broker);
  testBounds(test, broker);
  testBlackHoles(test, broker);
  testBusyProcess(test, broker);
  testClosing(test, broker);
  testGarbled(test, broker);
  testHosts(test, broker);
  testRecovery(test, broker);
}
