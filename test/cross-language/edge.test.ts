import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { testTwins } from "../contracts/cross-language/edge-twins.js";
import { type TestBroker, testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker<TestBroker>(launchRedis);

for (const application of ["Flask-SocketIO under gunicorn", "an AsyncServer under uvicorn"] as const) {
  testTwins(test, application, ["polling"]);
  testTwins(test, application, ["websocket"]);
  testTwins(test, application, ["polling", "websocket"]);
}
