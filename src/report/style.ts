/** The style of the page; colours come in pairs for light and dark, and none is the only sign of anything. */
export const style = `
:root { color-scheme: light dark;
  --paper: #ffffff; --sheet: #f5f6f8; --ink: #1b1f24; --faint: #545c66; --rule: #d3d8de; --link: #0b57b0; --mark: #fff3c4;
  --bad: #b3261e; --made: #7a4b00; --taken: #1d5fa8; --kept: #2f6b3a; --open: #6a3fa0; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #14171b; --sheet: #1d2126; --ink: #e8eaed; --faint: #a9b1bb; --rule: #3a414a; --link: #8ab8f5; --mark: #453a10;
  --bad: #ff9d94; --made: #f2bb66; --taken: #8cbcf7; --kept: #8fd19c; --open: #c9a8f5; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 8rem; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 84rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .75rem; }
h2 { font-size: 1.2rem; margin: 2.25rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .5rem; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; unicode-bidi: isolate; }
small, .note, .brand { color: var(--faint); font-size: .85rem; }
.brand { margin: 0; letter-spacing: .02em; }
.name { unicode-bidi: isolate; overflow-wrap: anywhere; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -100rem; background: var(--paper); padding: .5rem 1rem; z-index: 2; }
.skip:focus { left: .5rem; top: .5rem; }
.definitions { position: absolute; }
[hidden] { display: none !important; }
.counts, .legend, .chips, .timeline, .plain, .failures ul { list-style: none; margin: 0; padding: 0; }
.counts { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: 1.05rem; }
.facts { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: 1rem 0 0; }
.facts dt { color: var(--faint); font-size: .85rem; } .facts dd { margin: 0; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.5rem; font-size: .9rem; color: var(--faint); } .legend b { color: var(--ink); font-weight: 600; }
.failures li { border-left: 4px solid var(--bad); background: var(--sheet); padding: .6rem .9rem; margin: 0 0 .6rem; }
.failures p { margin: .3rem 0 0; overflow-wrap: anywhere; white-space: pre-line; }
.filter { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; align-items: center; margin: 2rem 0 0; font-size: .9rem;
  padding: .4rem .9rem; background: var(--sheet); border: 1px solid var(--rule); border-radius: 6px; }
.filter fieldset { display: flex; flex-wrap: wrap; gap: .2rem 1rem; border: 0; padding: 0; margin: 0; }
.filter label { display: inline-flex; align-items: center; gap: .35rem; } .filter output { color: var(--faint); margin-left: auto; }
input { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--faint); border-radius: 4px; padding: .15rem .4rem; }
.scroll { overflow: auto; border: 1px solid var(--rule); border-radius: 6px; }
.shape { width: 16px; height: 16px; vertical-align: -2px; fill: currentColor; stroke: currentColor; stroke-width: 0; overflow: visible; flex: none; }
.shape .line, symbol .line { stroke-width: 3; fill: none; } symbol .hollow { stroke-width: 2.2; fill: none; }
symbol .over { stroke: var(--paper); stroke-width: 1.5; } symbol .behind { fill: var(--paper); } symbol .open * { fill: none; stroke: currentColor; stroke-width: 1.8; stroke-dasharray: 3 2; }
.shape.is-failed, .shape.is-skipped, .bar.is-failed { color: var(--bad); }
.shape.is-built, .shape.is-refreshed, .bar.is-built, .bar.is-refreshed { color: var(--made); }
.shape.is-copied, .shape.is-adopted, .bar.is-copied, .bar.is-adopted { color: var(--taken); }
.shape.is-reused { color: var(--kept); } .shape.is-to-build, .shape.is-to-refresh, .shape.is-to-copy { color: var(--open); }
.graph { display: block; } .graph text { font-size: 13px; fill: var(--ink); } .graph .state { font-size: 11.5px; fill: var(--faint); }
.graph .box { fill: var(--sheet); stroke: var(--faint); stroke-width: 1; }
.graph .is-failed .box { stroke: var(--bad); stroke-width: 3; } .graph .is-built .box, .graph .is-refreshed .box { stroke: var(--made); stroke-width: 2.5; }
.graph .is-skipped .box { stroke: var(--bad); stroke-dasharray: 2 3; } .graph .is-copied .box, .graph .is-adopted .box { stroke: var(--taken); stroke-width: 2; }
.graph .is-to-build .box, .graph .is-to-refresh .box, .graph .is-to-copy .box { stroke: var(--open); stroke-dasharray: 6 4; stroke-width: 2; }
.graph a:focus-visible { outline: none; } .graph a:focus-visible .box { stroke: var(--link); stroke-width: 4; stroke-dasharray: none; }
.graph a { text-decoration: none; } .graph a:hover text:first-of-type { text-decoration: underline; }
.edge { fill: none; stroke: var(--faint); stroke-width: 1.4; } .edge.lit { stroke: var(--link); stroke-width: 3; }
.lit .box { fill: var(--mark); } .chips .lit { background: var(--mark); }
.chips { display: grid; grid-template-columns: repeat(auto-fill, minmax(14.5rem, 1fr)); gap: .5rem; margin-top: .75rem; }
.chips .node { display: flex; align-items: center; gap: .5rem; height: 100%; padding: .35rem .6rem; color: var(--ink); background: var(--sheet);
  border: 1px solid var(--rule); border-radius: 6px; text-decoration: none; } .chips .node:hover .name { text-decoration: underline; }
.chips .name { flex: 1; min-width: 0; } .chips .state { color: var(--faint); font-size: .85rem; }
.axis { display: flex; justify-content: space-between; margin: 0 6.5rem 0 15.5rem; color: var(--faint); font-size: .8rem; }
.axis span { width: 0; display: flex; justify-content: center; white-space: nowrap; }
.timeline li { display: grid; grid-template-columns: 15rem 1fr 6rem; gap: .5rem; align-items: center; padding: .1rem 0; }
.timeline a { display: flex; gap: .4rem; align-items: center; min-width: 0; } .timeline .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.track { width: 100%; height: 14px; background: var(--sheet); border-radius: 2px; } .bar { fill: currentColor; } .time { text-align: right; font-variant-numeric: tabular-nums; position: relative; }
.bar.is-failed { fill: url(#hatch); stroke: currentColor; stroke-width: 1.5; vector-effect: non-scaling-stroke; } #hatch rect { fill: var(--bad); }
.bar.is-copied, .bar.is-adopted { fill: none; stroke: currentColor; stroke-width: 2; vector-effect: non-scaling-stroke; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .45rem .7rem; border-top: 1px solid var(--rule); }
thead th { border-top: 0; background: var(--sheet); white-space: nowrap; } tbody th { font-weight: 600; min-width: 9rem; } td:nth-child(2) { white-space: nowrap; }
thead button { all: unset; cursor: pointer; font-weight: 600; } thead button:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
th[aria-sort] button::after { content: " \\2191"; } th[aria-sort=descending] button::after { content: " \\2193"; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; } summary { cursor: pointer; } td code { overflow-wrap: normal; word-break: break-all; }
tr:target > *, tr.lit > * { background: var(--mark); }
@media (max-width: 44rem) { .axis { display: none; } .timeline li { grid-template-columns: 1fr 5rem; } .track { grid-row: 2; grid-column: 1 / -1; } }
@media (max-width: 60rem), (max-height: 40rem) { html { scroll-padding-top: 0; } .filter { position: static; } }
@media print { .filter, .skip { display: none; } .scroll { overflow: visible; } }
`;
