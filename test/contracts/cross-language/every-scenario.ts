import type { TestFn } from "ava";
import type { TestBroker } from "../../helpers/shared-broker.js";
import { testAcks } from "./acks.js";
import { testCommands } from "./commands.js";
import { testDifferences } from "./differences.js";
import { testNodeEmits } from "./node-emits.js";
import { testPythonEmits } from "./python-emits.js";
import type { PythonKinds } from "./python-kinds.js";
import { testRecoveryOfPythonEmits } from "./recovery.js";
import { testSidRooms } from "./sid-rooms.js";

/** What Node and Python hosts owe each other, whatever the broker between them. */
export function testEveryScenario(test: TestFn<TestBroker>, kinds: PythonKinds): void {
  testPythonEmits(test, kinds);
  testNodeEmits(test, kinds);
  testCommands(test, kinds);
  testAcks(test, kinds);
  testDifferences(test, kinds);
  testSidRooms(test, kinds);
  testRecoveryOfPythonEmits(test, kinds);
}
