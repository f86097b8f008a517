import type { TestFn } from "ava";
import type { TestBroker } from "../../helpers/shared-broker.js";
import { testAcks } from "./acks.js";
import { testEmits } from "./emits.js";
import { testEmitter } from "./emitter.js";
import { testFetches } from "./fetches.js";
import { testKindsOfServers } from "./kinds-of-servers.js";
import { testLimits } from "./limits.js";
import { testMoves } from "./moves.js";
import { testRecovery } from "./recovery.js";
import { testRoaming } from "./roaming.js";
import { testServers } from "./servers.js";
import { testSidRooms } from "./sid-rooms.js";

/**
 * Everything that Node hosts do with each other, on any broker.
 *
 * @param broker - isOrdered: whether all subscribers receive all messages in one order
 */
export function testEveryOperation(test: TestFn<TestBroker>, broker: { readonly isOrdered: boolean }): void {
  testEmits(test);
  testMoves(test);
  testAcks(test);
  testSidRooms(test);
  testFetches(test);
  testServers(test);
  testEmitter(test);
  testKindsOfServers(test);
  testLimits(test);
  testRecovery(test, broker);
  testRoaming(test, broker);
}
