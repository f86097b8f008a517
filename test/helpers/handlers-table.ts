/** What `handlers` prints first, where Python handles `join` and `say`, and TypeScript `say`, in `/`. */
export const TABLE_BEGINNING = [
  "",
  "  namespace  event            served by",
  "  /          connect          Python and TypeScript",
  "             join             Python",
  "             say              TypeScript (Python has a handler too, which does not run)",
  "             any other event  nobody",
  "             disconnect       Python",
  "",
] as const;
