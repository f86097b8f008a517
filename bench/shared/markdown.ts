export type Alignment = "left" | "right";

export interface MarkdownTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** @default "left" for every column */
  readonly alignment?: (column: number) => Alignment;
}

/** A table of GitHub-flavoured Markdown. */
export function markdownTable({ columns, rows, alignment = () => "left" }: MarkdownTable): string {
  const rule = columns.map((_, column) => (alignment(column) === "left" ? "---" : "---:"));
  return [columns, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
