/** Where the package writes its few log lines, each prefixed with `[socketio-python-bridge]`. `console`, pino and winston fit. */
export interface Logger {
  info(line: string): void;
  warn(line: string): void;
}

const SILENT: Logger = { info: () => {}, warn: () => {} };

/** @param logger - `undefined` for the console, `false` for no log */
export function normalizeLogger(logger: Logger | false | undefined): Logger {
  if (logger === false) {
    return SILENT;
  }
  return logger ?? console;
}
