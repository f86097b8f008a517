import { randomUUID } from "node:crypto";
import { testRecovery } from "../fleet/recovery.js";
import { type TestBroker, testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker<TestBroker>(async () => ({ url: `memory://${randomUUID()}`, kill: async () => {} }));

testRecovery(test, { isOrdered: true });
