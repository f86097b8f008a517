import type { TestFn } from "ava";
import type { TestBroker } from "../../helpers/shared-broker.js";
import { testAcks } from "./acks.js";
import { testEmits } from "./emits.js";
import { testEmitter } from "./emitter.js";
import { testFetches } from "./fetches.js";
import { testKindsOfServers } from "./kinds-of-servers.js";
import { testMoves } from "./moves.js";
import { testRecovery } from "./recovery.js";
import { testServers } from "./servers.js";
import { testWandering } from "./wandering.js";

/**
 * What Node hosts can do with each other, whatever the broker between them.
 *
 * @param broker - isOrdered: whether all its readers hear all messages in one order
 */
export function testEveryOperation(test: TestFn<TestBroker>, broker: { readonly isOrdered: boolean }): void {
  testEmits(test);
  testMoves(test);
  testAcks(test);
  testFetches(test);
  testServers(test);
  testEmitter(test);
  testKindsOfServers(test);
  testRecovery(test, broker);
  testWandering(test, broker);
}
