import { runCommand } from "../../src/cli/command.js";
import { reportFailure } from "../../src/cli/report-failure.js";
import { SERVE } from "../../src/cli/serve.js";

/** The executable is `serve`, and takes its flags. */
runCommand(SERVE, process.argv.slice(2), process.env).catch(reportFailure);
