/** What becomes of pickles: refused unopened, or read as data. See `legacyPickle` of the options. */
export type LegacyPickle = "refuse" | "data-only";

/** Here rather than with the decoder, so that checking an option does not load the pickle reader. */
export const LEGACY_PICKLE_MODES: readonly LegacyPickle[] = ["refuse", "data-only"];
