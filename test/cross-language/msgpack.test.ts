import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { testEveryScenario } from "../contracts/cross-language/every-scenario.js";
import { encodings } from "../helpers/encodings.js";
import { type TestBroker, testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker<TestBroker>(launchRedis);

Object.assign(encodings, { node: "msgpack", python: "msgpack" });

testEveryScenario(test, { hosts: ["threaded", "asgi"], emitters: ["threaded", "asgi", "write-only"] });
