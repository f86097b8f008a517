import { NODE_EMITS } from "./node-emits.js";
import { PYTHON_EMITS } from "./python-emits.js";
import { PYTHON_ROOMS } from "./python-rooms.js";
import type { Scenario } from "./scenario.js";

/** The rows of the matrix, in the order of a table. */
export const SCENARIOS: readonly Scenario[] = [...PYTHON_EMITS, ...PYTHON_ROOMS, ...NODE_EMITS];
