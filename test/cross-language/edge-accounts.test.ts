import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { testAccounts } from "../contracts/cross-language/edge-accounts.js";
import { type TestBroker, testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker<TestBroker>(launchRedis);

testAccounts(test, ["polling"]);
testAccounts(test, ["websocket"]);
