import type { TestFn } from "ava";
import type { TestBroker } from "../helpers/shared-broker.js";
import { testFetches } from "./fetches.js";

/** What Node hosts can do with each other, whatever the broker between them. */
export function testEveryOperation(test: TestFn<TestBroker>): void {
  testFetches(test);
}
