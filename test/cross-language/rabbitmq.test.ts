import { launchRabbitmq } from "../helpers/rabbitmq.js";
import { type TestBroker, testWithBroker } from "../helpers/shared-broker.js";
import { testEveryScenario } from "./scenarios/every-scenario.js";

const test = testWithBroker<TestBroker>(launchRabbitmq);

// A threaded host has a KombuManager, an ASGI host an AsyncAioPikaManager; both are in one fleet where there are two.
testEveryScenario(test, { hosts: ["threaded", "asgi"], emitters: ["threaded", "asgi", "write-only"] });
