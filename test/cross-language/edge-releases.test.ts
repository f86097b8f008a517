import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { testEnvironment } from "../../scripts/environment/environment.js";
import { compareTwins, LEAST_ENTRIES, script, startFlaskTwins } from "../contracts/cross-language/edge-twins.js";
import { type TestBroker, testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker<TestBroker>(launchRedis);

/** What `serve` needs with each: docs/migrate.md. The newest release is that of the other tests. */
const RELEASES = {
  "5.10": ["--dialect", "5.13", "--legacy-pickle", "data-only"],
  "5.15": [],
} satisfies Record<string, readonly string[]>;

for (const [release, flags] of Object.entries(RELEASES)) {
  test.serial(`a client sees no edge in front of python-socketio ${release}: polling and websocket`, async (t) => {
    const python = testEnvironment().pythonsOfEdge[release as keyof typeof RELEASES];
    const twins = await startFlaskTwins(t, t.context.url, { app: "edge_app:app", python, flags });
    await compareTwins(t, twins, script, ["polling", "websocket"], LEAST_ENTRIES);
  });
}
