/** The report's style sheet: system fonts, light and dark by the reader's preference, narrow screens, print. */

/** The colours. */
export const theme = `
:root {
  color-scheme: light dark;
  --page: #f5f6f8; --card: #ffffff; --ink: #16191d; --muted: #56606c; --rule: #e3e7ec; --ghost: #e2e6ec;
  --accent: #0f766e; --on-color: #ffffff; --good: #15803d; --bad: #c02626;
  --fp: #64748b; --twn: #c76a06; --strassen: #7c3aed; --hybrid: #0d8a80;
  --extra-0: #db2777; --extra-1: #2563eb; --extra-2: #5a8f10; --extra-3: #b45309; --extra-4: #0e7490; --extra-5: #9333ea;
  --minus: #2f6fdb; --zero: #cfd6df; --plus: #e2621b;
  --macs: #2563eb; --products: #c76a06; --additions: #0d8a80; --energy: #d1366f; --memory: #7c6fd6; --busy: #5a8f10;
  --ramp-low: #e58a0c; --ramp-middle: #c0267a; --ramp-high: #4316a8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e1115; --card: #171b21; --ink: #e7eaee; --muted: #9ba7b4; --rule: #2a313a; --ghost: #2d353f;
    --accent: #2dd4bf; --on-color: #0b0e11; --good: #4ade80; --bad: #f87171;
    --fp: #94a3b8; --twn: #f5a524; --strassen: #a78bfa; --hybrid: #2dd4bf;
    --extra-0: #f472b6; --extra-1: #60a5fa; --extra-2: #a3e635; --extra-3: #fb923c; --extra-4: #22d3ee; --extra-5: #c084fc;
    --minus: #6aa2f7; --zero: #414b57; --plus: #f98b4b;
    --macs: #60a5fa; --products: #f5a524; --additions: #2dd4bf; --energy: #f472b6; --memory: #8a79e8; --busy: #94c83d;
    --ramp-low: #7a5af0; --ramp-middle: #f0568f; --ramp-high: #ffe08a;
  }
}`;

export const style = `${theme}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
header { margin-bottom: 36px; }
main, footer { max-width: 1180px; margin: 0 auto; padding: 0 24px; }
h1, .lead, h3 { overflow-wrap: anywhere; }
h1 { font-size: 30px; line-height: 1.2; letter-spacing: -0.02em; margin: 44px 0 6px; text-wrap: balance; }
h2 { font-size: 20px; letter-spacing: -0.01em; margin: 0 0 14px; }
h3 { font-size: 15px; margin: 0; }
p { margin: 0; }
code { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.lead { color: var(--muted); margin-bottom: 22px; font-size: 16px; }
section { margin: 0 0 40px; }
.card, figure { background: var(--card); border: 1px solid var(--rule); border-radius: 12px; padding: 20px 22px; margin: 0; min-width: 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: 14px; margin: 0 0 14px; }
.tiles .card { padding: 16px 20px; }
.tiles dt { color: var(--muted); font-size: 13px; }
.tiles dd { margin: 0; font-size: 26px; font-weight: 650; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
.tiles dd small { display: block; font-size: 13px; font-weight: 400; letter-spacing: 0; color: var(--muted); }
.tiles dd .unit { font-size: 16px; font-weight: 500; margin-left: 3px; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); gap: 14px 28px; margin: 0; }
.facts div { min-width: 0; }
.facts .wide { grid-column: 1 / -1; }
.facts .long dd { padding-left: 0.9em; text-indent: -0.9em; }
.facts dt { color: var(--muted); font-size: 13px; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.facts code { display: block; }
.scroll, .chart { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
.results th, .results td { padding: 10px 10px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule); }
.results th:first-child { text-align: left; padding-left: 2px; }
.results thead th { color: var(--muted); font-size: 13px; font-weight: 600; white-space: normal; vertical-align: bottom; }
.results thead span { white-space: nowrap; }
.results thead button { all: unset; cursor: pointer; } .results thead button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.results thead [aria-sort=ascending] button::after { content: ' ↑'; } .results thead [aria-sort=descending] button::after { content: ' ↓'; }
.results thead th[title] { text-decoration: underline dotted; text-underline-offset: 4px; cursor: help; }
.results tbody th { font-weight: 600; }
.results tbody tr:last-child > * { border-bottom: 0; }
.results tfoot > tr > * { border-top: 2px solid var(--rule); border-bottom: 0; font-weight: 600; }
.dense { font-size: 13px; line-height: 1.4; }
.dense th, .dense td { padding: 6px; }
.dense thead th { min-width: 48px; font-size: 12.5px; }
.dense th:first-child { position: sticky; left: 0; background: var(--card); padding-right: 14px; }
.warning { border-color: var(--bad); margin-top: 14px; }
.warning strong { color: var(--bad); }
.dot { display: inline-block; width: 10px; height: 10px; border-radius: 50%; margin-right: 9px; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 16px; }
figure + figure, .card + figure, figure + .card, section > .card + .card, .pair + .card { margin-top: 16px; }
.pair figure + figure { margin-top: 0; }
figcaption p, .note { color: var(--muted); font-size: 13.5px; }
.pair + .note { margin-top: 10px; }
figcaption { margin-bottom: 10px; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; list-style: none; margin: 0 0 8px; padding: 0; font-size: 13px; }
.key { display: inline-block; vertical-align: middle; margin-right: 7px; }
.key.square { width: 11px; height: 11px; border-radius: 3px; background: currentColor; }
.key.line { width: 20px; border-top: 3px solid; }
.ramp { display: flex; align-items: center; gap: 10px; font-size: 13px; margin: 0 0 8px; }
.ramp .steps { display: flex; flex: 0 1 200px; height: 11px; border-radius: 3px; overflow: hidden; }
.ramp .steps i { flex: 1; }
.chart svg { display: block; color: var(--muted); max-width: 100%; height: auto; }
.chart svg.narrow { display: none; }
.chart svg + svg { margin-top: 18px; }
.pair .chart svg + svg { margin-top: 0; }
.pair .chart svg { width: 100%; }
.matrix { display: flex; flex-wrap: wrap; gap: 20px 48px; align-items: flex-start; }
.matrix svg { flex: 0 1 auto; }
.frequent { width: auto; flex: 1 1 260px; max-width: 480px; font-size: 14px; }
.frequent caption { text-align: left; font-weight: 600; padding: 6px 0; }
.frequent th, .frequent td { text-align: left; padding: 5px 14px 5px 0; border-bottom: 1px solid var(--rule); overflow-wrap: anywhere; }
.frequent th { color: var(--muted); font-size: 13px; }
.frequent :is(th, td):last-child { text-align: right; padding-right: 0; white-space: nowrap; }
.tabs > input { position: absolute; opacity: 0; pointer-events: none; }
.tabs > label { display: inline-block; padding: 6px 14px; margin: 0 6px 12px 0; border: 1px solid var(--rule); border-radius: 999px; background: var(--card); cursor: pointer; font-size: 14px; }
.tabs > input:checked + label { border-color: var(--accent); color: var(--accent); font-weight: 600; }
.tabs > input:focus-visible + label { outline: 2px solid var(--accent); outline-offset: 2px; }
.tabs > .panels > * { display: none; }
.samples { display: grid; grid-template-columns: repeat(auto-fill, minmax(124px, 1fr)); gap: 12px; list-style: none; margin: 14px 0 0; padding: 0; }
.samples li { border: 2px solid; border-radius: 10px; padding: 10px 8px 8px; text-align: center; min-width: 0; font-size: 13px; line-height: 1.4; }
.samples .right { border-color: var(--good); }
.samples .wrong { border-color: var(--bad); }
.samples img { display: block; margin: 0 auto 8px; image-rendering: pixelated; border-radius: 4px; object-fit: contain; background: var(--ghost); }
.samples span { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.samples .prediction { display: flex; gap: 5px; justify-content: center; align-items: baseline; font-weight: 600; }
.samples .prediction > span { min-width: 0; }
.samples small { flex: none; font-weight: 400; color: var(--muted); }
.samples .right .prediction { color: var(--good); }
.samples .wrong .prediction { color: var(--bad); }
.samples .label { color: var(--muted); }
footer { color: var(--muted); font-size: 13px; padding-bottom: 40px; }
@media (min-width: 700px) { .facts .long { grid-column: span 2; } }
@media (max-width: 600px) {
  main, footer { padding: 0 14px; } .card + figure { margin-top: 16px; }
  .card, figure { padding: 16px 14px; } h1 { margin-top: 26px; font-size: 25px; }
  .chart svg.wide { display: none; } .chart svg.narrow { display: block; width: 100%; }
  .results thead { display: none; }
  .results, .results :is(tbody, tfoot) { display: block; }
  .results tr { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 2px 16px; padding: 10px 0; border-bottom: 1px solid var(--rule); }
  .results tbody tr:last-child { border-bottom: 0; } .results tfoot tr { border-top: 2px solid var(--rule); border-bottom: 0; }
  .results tr > th { grid-column: 1 / -1; white-space: normal; overflow-wrap: anywhere; }
  .results.results tr > :is(th, td) { border: 0; padding: 0; }
  .results td { display: flex; justify-content: space-between; gap: 8px; align-items: baseline; font-size: 13px; white-space: normal; min-width: 0; }
  .results td::before { content: attr(data-head); color: var(--muted); text-align: left; overflow-wrap: anywhere; }
  .results td:empty { display: none; }
}
@media print { body { background: #fff; } .card + figure { margin-top: 16px; }
.card, figure { break-inside: avoid; } .tabs > label { display: none; } .tabs > .panels > * { display: block !important; } }
`;
