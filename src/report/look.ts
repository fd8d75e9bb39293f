/** How the page looks. */
import type { ImageState } from "./view.ts";

/** The name of a state's class in the style. */
export function classOf(state: ImageState): string {
  return `is-${state.replace(" ", "-")}`;
}

/** Colours come in pairs for light and dark, and none is the only sign of anything: a state is always a word too. */
export const style = `
:root { color-scheme: light dark;
  --paper: #ffffff; --sheet: #f5f6f8; --ink: #1b1f24; --faint: #545c66; --rule: #d3d8de; --link: #0b57b0; --mark: #fff3c4;
  --bad: #b3261e; --made: #7a4b00; --taken: #1d5fa8; --kept: #2f6b3a; --open: #6a3fa0; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #14171b; --sheet: #1d2126; --ink: #e8eaed; --faint: #a9b1bb; --rule: #3a414a; --link: #8ab8f5; --mark: #453a10;
  --bad: #ff9d94; --made: #f2bb66; --taken: #8cbcf7; --kept: #8fd19c; --open: #c9a8f5; } }
* { box-sizing: border-box; }
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
.counts, .legend, .plain, .failures ul { list-style: none; margin: 0; padding: 0; }
.counts { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: 1.05rem; }
.facts { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: 1rem 0 0; }
.facts dt { color: var(--faint); font-size: .85rem; } .facts dd { margin: 0; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.5rem; font-size: .9rem; color: var(--faint); } .legend b { font-weight: 600; }
.failures li { border-left: 4px solid var(--bad); background: var(--sheet); padding: .6rem .9rem; margin: 0 0 .6rem; }
.failures p { margin: .3rem 0 0; overflow-wrap: anywhere; white-space: pre-line; }
pre { margin: .4rem 0 0; padding: .5rem .7rem; font: .85em/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; background: var(--paper); border: 1px solid var(--rule); border-radius: 4px; }
.added { color: var(--kept); } .removed { color: var(--bad); }
.scroll { overflow: auto; border: 1px solid var(--rule); border-radius: 6px; }
.is-failed, .is-skipped { color: var(--bad); } .is-built, .is-refreshed { color: var(--made); }
.is-copied, .is-adopted { color: var(--taken); } .is-reused { color: var(--kept); }
.is-to-build, .is-to-refresh, .is-to-copy { color: var(--open); }
.graph, .graph ul { list-style: none; margin: 0; padding: 0; }
.graph { columns: 17rem; column-gap: 1.5rem; } .graph ul { margin-left: .75rem; padding-left: .35rem; border-left: 2px solid var(--rule); }
.node { display: flex; align-items: center; gap: .45rem; min-height: 26px; padding: 0 .4rem; color: var(--ink); border-radius: 4px; text-decoration: none; line-height: 1.3; }
.node:hover .name { text-decoration: underline; } .node .name { min-width: 0; } .node small { display: block; } .node .state { font-size: .85rem; margin-left: auto; white-space: nowrap; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .45rem .7rem; border-top: 1px solid var(--rule); }
thead th { border-top: 0; background: var(--sheet); white-space: nowrap; } tbody th { font-weight: 600; min-width: 9rem; } td:nth-child(2) { white-space: nowrap; } td:nth-child(3) { min-width: 20rem; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; } summary { cursor: pointer; } td code { overflow-wrap: normal; word-break: break-all; }
tr:target > * { background: var(--mark); }
@media (max-width: 44rem) { main { padding: 1rem .75rem 3rem; } .legend li { flex-basis: 100%; }
  .scroll { border: 0; overflow: visible; } thead { display: none; } table, tbody, tr, tbody th, td { display: block; } tr { padding: .5rem 0; border-top: 1px solid var(--rule); }
  tbody th, tbody td { padding: .1rem .4rem; border: 0; min-width: 0; white-space: normal; overflow-wrap: anywhere; } .number { text-align: left; } td::before { content: attr(data-label) ": "; color: var(--faint); }
  td:has(> .unseen:first-child) { display: none; } .plain { display: inline; } .plain li { display: inline; } .plain li + li::before { content: ", "; } td details { display: inline-block; vertical-align: top; max-width: 100%; } }
@media print { .skip { display: none; } .scroll { overflow: visible; } }
`;
