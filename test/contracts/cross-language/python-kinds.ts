import type { HostKind } from "../../helpers/python.js";

/** The kinds of Python peers that a broker has managers for. */
export interface PythonKinds {
  /** Servers with clients. */
  readonly hosts: readonly [HostKind, ...HostKind[]];
  /** All that can emit. */
  readonly emitters: readonly (HostKind | "write-only")[];
}
