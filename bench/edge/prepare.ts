/** Prepares the Python environment of the measured servers, before `main.ts` starts. */
import { writeFileSync } from "node:fs";
import { runPreparation } from "../../scripts/environment/install.js";
import { preparePython } from "../../scripts/environment/virtual-environment.js";
import { PYTHON_FILE } from "./python-interpreter.js";

await runPreparation(async () => {
  const python = preparePython("bench/edge/requirements.txt", "bench/edge/.venv");
  writeFileSync(PYTHON_FILE, `${JSON.stringify({ python })}\n`);
});
