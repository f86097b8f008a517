import { sgr } from "../../src/cli/style.js";

export { bold, dim, green } from "../../src/cli/style.js";

export const cyan = sgr(36, 39);
export const red = sgr(31, 39);
