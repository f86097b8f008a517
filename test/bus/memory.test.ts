import test from "ava";
import { memoryBus } from "../../src/bus/memory.js";
import { testBusConformance } from "../helpers/bus-conformance.js";

testBusConformance(test, "memory", (t) => memoryBus(t.title));
