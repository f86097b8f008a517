import { randomUUID } from "node:crypto";
import { testEveryOperation } from "../contracts/node-hosts/every-operation.js";
import { type TestBroker, testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker<TestBroker>(async () => ({ url: `memory://${randomUUID()}`, kill: async () => {} }));

testEveryOperation(test, { isOrdered: true });
