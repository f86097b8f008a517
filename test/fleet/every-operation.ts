import type { TestFn } from "ava";
import type { TestBroker } from "../helpers/shared-broker.js";
import { testFleetAcks } from "./acks.js";
import { testEmits } from "./emits.js";
import { testAskingEmitter } from "./emitter.js";
import { testFetches } from "./fetches.js";
import { testKindsOfServers } from "./kinds-of-servers.js";
import { testMoves } from "./moves.js";
import { testServers } from "./servers.js";

/** What Node hosts can do with each other, whatever the broker between them. */
export function testEveryOperation(test: TestFn<TestBroker>): void {
  testEmits(test);
  testMoves(test);
  testFleetAcks(test);
  testFetches(test);
  testServers(test);
  testAskingEmitter(test);
  testKindsOfServers(test);
}
