import { accessSync, constants, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { FailedStart, Report } from "../../interop/report/report.js";
import { BridgeError } from "../errors.js";
import { printable } from "../util/printable.js";

const FORMATS = ["junit", "json", "html"] as const;

type Format = (typeof FORMATS)[number];

/** A report file that was asked for. */
export interface ReportFile {
  readonly format: Format;
  readonly path: string;
}

function check(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  if (!existsSync(path)) {
    accessSync(dirname(path), constants.W_OK);
    return;
  }
  if (statSync(path).isDirectory()) {
    throw new Error("it is a directory");
  }
  accessSync(path, constants.W_OK);
}

/**
 * Checks before the run that every report can be written. Existing files stay as they are.
 *
 * @param pathOf - the path that the command line gives for a format
 * @throws BridgeError `BRIDGE_INVALID_OPTION`
 */
export function findReportFiles(pathOf: (format: Format) => string | undefined): readonly ReportFile[] {
  return FORMATS.flatMap((format) => {
    const path = pathOf(format);
    if (path === undefined) {
      return [];
    }
    try {
      check(path);
    } catch (cause) {
      const message = `--${format} ${path} cannot be written: ${(cause as Error).message}`;
      throw new BridgeError("BRIDGE_INVALID_OPTION", message, { cause });
    }
    return [{ format, path }];
  });
}

async function textOf(format: Format, report: Report | FailedStart): Promise<string> {
  switch (format) {
    case "junit": {
      const { failedStartToJunit, toJunit } = await import("../../interop/report/junit-report.js");
      return "error" in report ? failedStartToJunit(report) : toJunit(report);
    }
    case "html": {
      const { failedStartToHtml, toHtml } = await import("../../interop/report/html-report.js");
      return "error" in report ? failedStartToHtml(report) : toHtml(report);
    }
    case "json":
      // Escapes that JSON has, so that its meaning stays.
      return `${printable(JSON.stringify(report, null, 2))}\n`;
    default:
      return format satisfies never;
  }
}

/** Each file is written whole, in one go. */
export async function writeReports(files: readonly ReportFile[], report: Report | FailedStart): Promise<void> {
  for (const { format, path } of files) {
    writeFileSync(path, await textOf(format, report));
    process.stdout.write(`  ${format.padEnd(5)} ${path}\n`);
  }
}
