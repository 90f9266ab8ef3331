/** How the page looks: one column on a phone, two beside each other where there is room; light or dark as the reader has it. */
export const style = `
:root { color-scheme: light dark; --ground: #f7f8fa; --card: #fff; --text: #1d2430; --quiet: #5d6878; --line: #dde2ea;
  --int: #9adcd0; --int-text: #06463c; --float: #ffd3a1; --float-text: #5b3200; --hot: #d3354a; --new: #1f9d63; --link: #0b63ce; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171d; --card: #1d222b; --text: #e6eaf1; --quiet: #9aa6b8; --line: #323a47;
  --int: #1c6a5e; --int-text: #d9fff6; --float: #80501b; --float-text: #ffeeda; --hot: #ff6b7d; --new: #4fd08f; --link: #7db4ff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
header, main, footer { max-width: 1280px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 28px; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 0 0 10px; }
h3 { font-size: 1rem; margin: 18px 0 6px; }
p { margin: 6px 0; max-width: 80ch; }
.quiet, footer { color: var(--quiet); font-size: .9rem; }
nav { position: sticky; top: 0; z-index: 2; background: var(--ground); border-bottom: 1px solid var(--line); overflow-x: auto; white-space: nowrap; }
nav div { max-width: 1280px; margin: 0 auto; padding: 10px 20px; }
nav a { color: var(--link); text-decoration: none; margin-right: 18px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px 20px; margin: 18px 0; scroll-margin-top: 56px; }
.pair { display: grid; grid-template-columns: minmax(0, 1fr); gap: 16px; }
@media (min-width: 860px) { .pair { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); } }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 14px 0; }
.fact { border: 1px solid var(--line); border-radius: 8px; padding: 10px 12px; }
.fact b { display: block; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
.fact span { color: var(--quiet); font-size: .85rem; }
.good { color: var(--new); } .bad { color: var(--hot); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; }
th { text-align: left; color: var(--quiet); font-weight: 600; }
th, td { padding: 4px 12px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code { font: .86em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
td code { white-space: nowrap; }
td:last-child code { white-space: normal; }
details { border-top: 1px solid var(--line); padding: 6px 0; }
summary { cursor: pointer; padding: 2px 0; }
.tag { display: inline-block; border-radius: 4px; padding: 0 6px; font-size: .8rem; line-height: 1.5; white-space: nowrap; }
.tag.int { background: var(--int); color: var(--int-text); } .tag.float { background: var(--float); color: var(--float-text); }
.tag.effect { border: 1px solid var(--line); color: var(--quiet); }
.bar { display: inline-block; height: 8px; border-radius: 4px; background: var(--hot); vertical-align: middle; margin-right: 6px; }
figure { margin: 8px 0; border: 1px solid var(--line); border-radius: 8px; padding: 8px; overflow-x: auto; }
figcaption { color: var(--quiet); font-size: .8rem; }
svg { font: 12px system-ui, sans-serif; }
svg text { text-anchor: middle; fill: var(--text); }
svg .edge { fill: none; stroke: var(--quiet); stroke-width: 1.2; }
#tip path { fill: var(--quiet); }
.picture { width: 100%; height: auto; display: block; margin: 0 auto; }
.picture .node rect { fill: var(--float); stroke: var(--line); } .picture .node text { fill: var(--float-text); }
.picture .q rect, .picture .dq rect { fill: var(--int); } .picture .q text, .picture .dq text { fill: var(--int-text); }
.picture .gone rect { stroke: var(--hot); stroke-width: 2; stroke-dasharray: 4 3; }
.picture .new rect { stroke: var(--new); stroke-width: 2; }
.picture .value text { font-size: 10px; fill: var(--quiet); }
.tabs input { position: absolute; opacity: 0; pointer-events: none; }
.tabs label { display: inline-block; padding: 4px 14px; border: 1px solid var(--line); border-radius: 6px; cursor: pointer; margin: 0 6px 8px 0; }
.tabs input:focus-visible + label { outline: 2px solid var(--link); }
.tabs input:checked + label { background: var(--text); color: var(--card); }
.tabs .map { display: none; }
#show-before:checked ~ #map-before, #show-after:checked ~ #map-after { display: block; }
.map { position: relative; border: 1px solid var(--line); border-radius: 8px; height: min(78vh, 820px); overflow: hidden; background: var(--ground); }
.map svg { width: 100%; height: 100%; display: block; cursor: grab; touch-action: none; }
.map svg.held { cursor: grabbing; }
.map .int { fill: var(--int); } .map .float { fill: var(--float); }
.map .frame { fill: none; stroke: var(--quiet); stroke-width: .8; }
.map .small { font-size: 10px; }
.map .survivor rect { fill: var(--hot); } .map .survivor text { fill: #fff; font-weight: 600; font-size: 11px; }
.map .end rect { fill: var(--card); stroke: var(--quiet); }
.zoom { position: absolute; right: 10px; top: 10px; display: flex; gap: 6px; }
.zoom button { min-width: 36px; height: 36px; border: 1px solid var(--line); border-radius: 6px; background: var(--card); color: var(--text); font-size: 1rem; cursor: pointer; }
.legend { display: flex; flex-wrap: wrap; gap: 10px 18px; margin: 8px 0; font-size: .88rem; }
footer { padding-top: 4px; padding-bottom: 40px; }
@media (max-width: 600px) { header, main, footer { padding-left: 12px; padding-right: 12px; } section { padding: 14px; } body { font-size: 14px; } }
@media print { .map, nav { display: none; } }
`;
