import type { Encoding } from "../../src/index.js";
import { ACKS } from "./acks.js";
import { COMMANDS } from "./commands.js";
import { NODE_EMITS } from "./node-emits.js";
import { NODE_ROOMS } from "./node-rooms.js";
import { PYTHON_EMITS } from "./python-emits.js";
import { PYTHON_ROOMS } from "./python-rooms.js";
import type { Direction, Scenario } from "./scenario.js";

const ALL: readonly Scenario[] = [...PYTHON_EMITS, ...NODE_EMITS, ...PYTHON_ROOMS, ...NODE_ROOMS, ...ACKS, ...COMMANDS];
const inDirection = (direction: Direction): readonly Scenario[] => ALL.filter((one) => one.direction === direction);

const IN_ORDER: readonly Scenario[] = [...inDirection("python-to-node"), ...inDirection("node-to-python")];

/** The rows of a matrix, in order. */
export function scenariosWith(encoding: Encoding): readonly Scenario[] {
  return IN_ORDER.filter((scenario) => (scenario.encoding ?? encoding) === encoding);
}

/** Those of python-socketio as it is. */
export const SCENARIOS: readonly Scenario[] = scenariosWith("json");
