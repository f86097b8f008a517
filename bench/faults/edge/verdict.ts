import type { EdgeFigures } from "./figures.js";

/** The requirements that were not met, in words; empty if all were. */
export function edgeFailures(figures: EdgeFigures): readonly string[] {
  const {
    fault,
    disconnectHandlers,
    failedElsewhere,
    lost,
    twice,
    outOfOrder,
    overtaken,
    emitsLost,
    disconnectedElsewhere,
  } = figures;
  return [
    lost > 0 && `${lost} lost`,
    failedElsewhere > 0 && `${failedElsewhere} failed that were not in flight in what was killed`,
    twice > 0 && `${twice} handled twice`,
    outOfOrder > 0 && `${outOfOrder} out of order`,
    overtaken > 0 && `${overtaken} acknowledged before what their handlers emitted`,
    // Redis keeps nothing for those that are away.
    fault !== "edge-redis" && emitsLost > 0 && `emits of ${emitsLost} handlers lost`,
    disconnectedElsewhere > 0 && `${disconnectedElsewhere} clients disconnected`,
    disconnectHandlers !== undefined &&
      disconnectHandlers.run < disconnectHandlers.expected &&
      `${disconnectHandlers.expected - disconnectHandlers.run} disconnect handlers not run`,
    (disconnectHandlers?.twice ?? 0) > 0 && `${disconnectHandlers?.twice} disconnect handlers run twice`,
    figures.longestAway === undefined && "a client did not come back",
    figures.unsettled > 0 && `${figures.unsettled} acknowledgements did not arrive`,
  ].filter((failure) => typeof failure === "string");
}
