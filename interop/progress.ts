import type { PeerKind } from "../src/testing/python-peer.js";
import type { Cell } from "./report/report.js";
import type { PythonVersions } from "./versions.js";

/** What a run reports while it runs. */
export type Progress =
  | {
      readonly type: "detected";
      readonly versions: PythonVersions;
      /** Without its password. */
      readonly queue: string;
      readonly channel: string;
      readonly kinds: readonly PeerKind[];
    }
  | { readonly type: "starting"; readonly kind: PeerKind }
  | { readonly type: "cell"; readonly cell: Cell; readonly done: number; readonly total: number }
  | { readonly type: "finished"; readonly kind: PeerKind };
