import { ACKS } from "./acks.js";
import { COMMANDS } from "./commands.js";
import { NODE_EMITS } from "./node-emits.js";
import { NODE_ROOMS } from "./node-rooms.js";
import { PYTHON_EMITS } from "./python-emits.js";
import { PYTHON_ROOMS } from "./python-rooms.js";
import type { Direction, Scenario } from "./scenario.js";

const ALL: readonly Scenario[] = [...PYTHON_EMITS, ...NODE_EMITS, ...PYTHON_ROOMS, ...NODE_ROOMS, ...ACKS, ...COMMANDS];
const inDirection = (direction: Direction): readonly Scenario[] => ALL.filter((one) => one.direction === direction);

/** The rows of the matrix, in order. */
export const SCENARIOS: readonly Scenario[] = [...inDirection("python-to-node"), ...inDirection("node-to-python")];
