import test, { type ExecutionContext } from "ava";
import type { BusStatus } from "../../../src/bus/bus.js";
import { BusCore } from "../../../src/bus/core/bus-core.js";
import { KafkaAvailability } from "../../../src/bus/kafka/availability.js";
import { BridgeError } from "../../../src/errors.js";
import { AWAY } from "../../helpers/away-backend.js";

function openAt(t: ExecutionContext) {
  const core = new BusCore({}, () => AWAY);
  const statuses: BusStatus[] = [];
  core.status.add((status) => statuses.push(status));
  t.teardown(() => core.stop(new BridgeError("BRIDGE_CLOSED", "over")));
  return {
    core,
    availability: new KafkaAvailability(core),
    told: () =>
      statuses.map((status) => (status.type === "reconnecting" ? `reconnecting ${status.attempt}` : status.type)),
  };
}

const failure = (attempt: number) => ({ error: new Error("connection lost"), attempt, delay: 1, hasLasted: true });

test("an attempt to reconnect is told once, whichever connection notices the outage first", (t) => {
  const { availability, told } = openAt(t);
  for (let outage = 0; outage < 2; outage += 1) {
    availability.producerConnected();
    availability.consumerFailed(failure(1));
    availability.producerLost();
    availability.producerFailed(failure(1));
    availability.producerFailed(failure(2));
    availability.producerConnected();
  }

  const outage = ["error", "reconnecting 1", "reconnecting 2", "ready"];
  t.deepEqual(told(), ["ready", ...outage, ...outage]);
});

test("with a channel that is refused from the start, the reason for each outage is told", (t) => {
  const { core, availability, told } = openAt(t);
  void core.subscriptions.add("refused", () => {}).catch(() => {});
  core.refused("refused", new BridgeError("BRIDGE_BROKER_UNAVAILABLE", "not authorized"));
  for (let outage = 0; outage < 2; outage += 1) {
    availability.producerConnected();
    availability.producerLost();
    availability.producerFailed(failure(1));
  }

  const outage = ["refused", "error", "reconnecting 1"];
  t.deepEqual(told(), ["error", ...outage, ...outage]);
});

test("another outage before all is back is told from its first attempt on", (t) => {
  const { core, availability, told } = openAt(t);
  availability.producerConnected();
  void core.subscriptions.add("pending", () => {}).catch(() => {});
  for (let outage = 0; outage < 2; outage += 1) {
    availability.producerLost();
    availability.producerFailed(failure(1));
    availability.producerFailed(failure(2));
    availability.producerConnected();
  }

  const outage = ["reconnecting 1", "reconnecting 2"];
  t.deepEqual(told(), ["ready", "error", ...outage, ...outage]);
});
