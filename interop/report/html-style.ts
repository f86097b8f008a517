/** The complete style sheet of the page; nothing is loaded from elsewhere. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f3f5f8; --card: #fff; --line: #dce1e8; --text: #171b22; --muted: #566070;
  --python: #1d5f9e; --python-soft: #e6f0fa; --node: #1a6a45; --node-soft: #e3f4ea;
  --pass: #1a6a45; --pass-soft: #e3f4ea; --fail: #b0261c; --fail-soft: #fdecea;
  --cannot: #7d5200; --cannot-soft: #fdf2da; --unavailable: #566070; --unavailable-soft: #eaedf2;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  --sans: -apple-system, "Segoe UI", Roboto, Ubuntu, Cantarell, "Noto Sans", "Liberation Sans", system-ui, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e1116; --card: #15191f; --line: #2a313b; --text: #e8ebf0; --muted: #a3adbb;
    --python: #7cbcf5; --python-soft: #14293d; --node: #72d3a2; --node-soft: #12301f;
    --pass: #72d3a2; --pass-soft: #12301f; --fail: #ff9d92; --fail-soft: #3a1714;
    --cannot: #f0c25e; --cannot-soft: #33260c; --unavailable: #a3adbb; --unavailable-soft: #222830;
  }
}
*, ::before, ::after { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; background: var(--page); color: var(--text); font: 0.9375rem/1.5 var(--sans); }
main, header > div { max-width: 76rem; margin: 0 auto; padding: 0 1.25rem; }
header { background: var(--card); border-bottom: 1px solid var(--line); padding: 1.5rem 0; }
h1 { margin: 0; font-size: 1.375rem; letter-spacing: -0.015em; }
h2 { margin: 2.25rem 0 0.75rem; font-size: 1.0625rem; }
h3 { margin: 1.25rem 0 0.5rem; font-size: 0.8125rem; color: var(--muted); font-weight: 650; }
p { margin: 0.25rem 0; }
a { color: inherit; }
:focus-visible { outline: 2px solid var(--python); outline-offset: 2px; border-radius: 0.25rem; }
code, pre { font-family: var(--mono); font-size: 0.8125rem; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.muted { color: var(--muted); }
.title { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem 1rem; }
.verdict { padding: 0.25rem 0.875rem; border-radius: 99rem; font-weight: 650; }
.chip { display: inline-flex; align-items: center; gap: 0.375rem; padding: 0.125rem 0.5rem; border-radius: 0.375rem;
  font-variant-numeric: tabular-nums; white-space: nowrap; text-decoration: none; }
a.chip { border: 1px solid currentcolor; }
.pass { background: var(--pass-soft); color: var(--pass); }
.fail { background: var(--fail-soft); color: var(--fail); font-weight: 650; }
.cannot { background: var(--cannot-soft); color: var(--cannot); }
.unavailable { background: var(--unavailable-soft); color: var(--unavailable); }
.python { background: var(--python-soft); color: var(--python); }
.node { background: var(--node-soft); color: var(--node); }
.unknown { background: var(--unavailable-soft); color: var(--unavailable); }
.legend { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; margin: 1.25rem 0 0.75rem; padding: 0; list-style: none; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 0.625rem; }
.scroll { position: relative; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: 0.4375rem 0.875rem; text-align: left; border-bottom: 1px solid var(--line); vertical-align: baseline; }
tbody:last-of-type tr:last-child > *, tfoot tr:last-child > * { border-bottom: 0; }
thead th { vertical-align: bottom; }
thead span { display: block; min-width: 6.5rem; max-width: 9rem; color: var(--muted); font-size: 0.75rem; font-weight: 400; }
.matrix tbody th { width: 100%; min-width: 16rem; font-weight: 400; }
.matrix thead th { position: sticky; top: 0; background: var(--card); box-shadow: inset 0 -1px var(--line); z-index: 1; }
.matrix thead th:first-child { border-top-left-radius: 0.625rem; }
.matrix thead th:last-child { border-top-right-radius: 0.625rem; }
.name { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: baseline; gap: 0 1.5rem; }
.name code { color: var(--muted); font-size: 0.75rem; }
.matrix .group th { background: var(--page); font-weight: 650; }
.matrix tbody tr:not(.group):hover > * { background: color-mix(in srgb, var(--page) 55%, transparent); }
tfoot { color: var(--muted); font-size: 0.8125rem; }
small { color: var(--muted); font-size: 0.75rem; font-variant-numeric: tabular-nums; }
.versions { display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: 0 1.5rem; margin: 0;
  padding: 0.5rem 1rem; }
.versions div { display: flex; justify-content: space-between; gap: 1rem; padding: 0.25rem 0; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.facts { display: flex; flex-wrap: wrap; gap: 0.25rem 2rem; margin: 0.875rem 0 0; }
.facts div { display: flex; gap: 0.5rem; }
.reasons { margin: 0; padding: 0.5rem 1rem 0.5rem 2.5rem; }
.reasons li { padding: 0.25rem 0; }
details { margin: 0.75rem 0; }
summary { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.375rem 0.75rem; padding: 0.75rem 1rem; cursor: pointer; }
summary::before { content: "▸"; color: var(--muted); }
[open] > summary::before { content: "▾"; }
summary::-webkit-details-marker { display: none; }
.evidence { padding: 0 1rem 1rem; border-top: 1px solid var(--line); }
.reason { margin-top: 0.875rem; padding: 0.75rem; border-radius: 0.375rem; }
.others { margin: 0; padding: 0; list-style: none; font-size: 0.8125rem; }
.others li { padding: 0.25rem 0; }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 0 1.5rem; }
.message { display: grid; grid-template-columns: auto 1fr; gap: 0.125rem 0.625rem; padding: 0.375rem 0;
  border-bottom: 1px solid var(--line); }
.message pre { grid-column: 2; }
.client { padding: 0.375rem 0; border-bottom: 1px solid var(--line); }
.client pre { padding-left: 0.75rem; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
footer { margin: 2.5rem 0 2rem; color: var(--muted); font-size: 0.8125rem; }
@media (max-width: 64rem) {
  .scroll { overflow-x: auto; }
  .name code { display: none; }
}
@media (max-width: 40rem) {
  th, td { padding: 0.4375rem 0.5rem; }
  .matrix tbody th { min-width: 10rem; }
  .matrix tr > th:first-child { position: sticky; left: 0; background: var(--card); z-index: 2; }
  .matrix .group > th:first-child { background: var(--page); }
}
@media print { body { background: none; } .matrix thead th { position: static; } }
`;
