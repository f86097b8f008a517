import { type Application, mergeApplications } from "../edge/application.js";
import { compareHandlers, type ServedNamespace } from "../edge/served-by.js";
import type { Inspection, InspectNote } from "./inspect-app.js";

/** Who serves what, and what is to be said about it. */
export interface HandlersReport {
  readonly namespaces: readonly ServedNamespace[];
  readonly notes: readonly InspectNote[];
}

/** Compares what a server and the backends behind it have. */
export function handlersReport(
  inspection: Inspection | undefined,
  applications: readonly Application[],
): HandlersReport {
  const notes = [...(inspection?.notes ?? [])];
  if (new Set(applications.map(({ revision }) => revision)).size > 1) {
    notes.unshift({
      namespace: undefined,
      text: "the backends handle different events: is a redeploy running? The table has those of all",
      isIncomplete: true,
    });
  }
  return { namespaces: compareHandlers(inspection?.handlers ?? new Map(), mergeApplications(applications)), notes };
}
