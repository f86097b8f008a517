/** A copy of plain data with every string replaced by `change(string)`. */
export function mapTexts<Data>(data: Data, change: (text: string) => string): Data {
  return JSON.parse(JSON.stringify(data), (_, value: unknown) => (typeof value === "string" ? change(value) : value));
}
