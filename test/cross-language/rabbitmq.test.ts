import { launchRabbitmq } from "../../scripts/environment/brokers/rabbitmq.js";
import { testEveryScenario } from "../contracts/cross-language/every-scenario.js";
import { type TestBroker, testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker<TestBroker>(launchRabbitmq);

// A threaded host has a KombuManager, an ASGI host an AsyncAioPikaManager; both are in one fleet where there are two.
testEveryScenario(test, { hosts: ["threaded", "asgi"], emitters: ["threaded", "asgi", "write-only"] });
