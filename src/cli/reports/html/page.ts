import type { ScaleGroup } from '../../../passes/index.ts';
import type { Effect, RewriteRecord } from '../../../rewrite/index.ts';
import { formatBytes, formatNumber, plural } from '../../../support/text-table.ts';
import { explainPlan, type Plan } from '../../../targets/index.ts';
import type { VerifyReport } from '../../../verify/index.ts';
import type { FixFacts } from '../fix.ts';
import { bytesInWords, type Effects, precisionInWords, totalRows } from '../plan.ts';
import { mapOf } from './map.ts';
import { pictureOf } from './picture.ts';
import { script } from './script.ts';
import { style } from './style.ts';
import { details, escapeHtml, htmlTable, name } from './text.ts';

export interface PageFacts extends FixFacts {
  /** Quantizers that had to share a scale, before. */
  readonly groups: readonly ScaleGroup[];
  /** Effect classes of all rules there are. */
  readonly effects: Effects;
}

/** What `fix` did as one HTML page that needs nothing beside it: no network, no file. */
export function printPage(facts: PageFacts): string {
  const sections = [
    ['summary', 'Summary', summary(facts)],
    ['plan', 'What the engine makes of it', plans(facts)],
    ['map', 'Map of precision', maps(facts)],
    ['rewrites', 'Rewrites', rewrites(facts)],
    ['scales', 'Shared scales', scales(facts)],
    ['verification', 'Verification', verification(facts)],
  ].filter(([, , body]) => body !== '');
  const links = sections.map(([id, title]) => `<a href="#${id}">${title}</a>`).join('');
  const body = sections
    .map(([id, title, text]) => `<section id="${id}"><h2>${title}</h2>${text}</section>`)
    .join('\n');
  const title = `${escapeHtml(facts.file.split(/[\\/]/).at(-1) ?? facts.file)} for ${escapeHtml(facts.plan?.after.target ?? facts.target)}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>${title}</title><style>${style}</style></head><body>
<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z"/></marker></defs></svg>
<header><h1>${title}</h1><p class="quiet">${name(facts.file, 90)}${facts.output === undefined ? '' : ` → ${name(facts.output, 90)}`}</p></header>
<nav><div>${links}</div></nav>
<main>${body}</main>
<footer><p>Made by qdq-surgeon. The forecast reads the file alone: kernel timing, memory layout and hardware are not in it.</p></footer>
<script>${script}</script></body></html>
`;
}

function summary({ rewritten, before, after, plan, report, exact }: PageFacts): string {
  const facts: (readonly [string, string, string?])[] = [
    [`${before.nodes} → ${after.nodes}`, 'nodes'],
    [`${before.quantize + before.dequantize} → ${after.quantize + after.dequantize}`, 'Q and DQ in the file'],
    ...(plan === undefined
      ? []
      : [
          [
            `${plan.before.totals.qdq + plan.before.totals.scale} → ${plan.after.totals.qdq + plan.after.totals.scale}`,
            'Q, DQ and Scale the engine has to run',
          ] as const,
          [
            `${bytesInWords(plan.before.bytes)} → ${bytesInWords(plan.after.bytes)}`,
            'bytes they move',
          ] as const,
        ]),
    [
      `${formatBytes(before.bytes)}${after.bytes === undefined ? '' : ` → ${formatBytes(after.bytes)}`}`,
      'file',
    ],
    verdict(report, exact),
  ];
  const stop = rewritten.trace.stop;
  const cards = facts.map(
    ([value, words, kind = '']) =>
      `<div class="fact"><b class="${kind}">${escapeHtml(value)}</b><span>${escapeHtml(words)}</span></div>`,
  );
  return `<div class="facts">${cards.join('')}</div>${stop.kind === 'complete' ? '' : `<p class="bad">Stopped early: ${escapeHtml(stop.message)}</p>`}${consents(rewritten.trace.rewrites)}`;
}

function verdict(
  report: VerifyReport | undefined,
  exact: VerifyReport | undefined,
): readonly [string, string, string] {
  if (report === undefined) return ['not verified', 'fix --verify runs both models', ''];
  if (report.equivalent && exact?.identical !== false)
    return [report.identical ? 'identical' : 'equivalent', plural(report.outputs.length, 'output'), 'good'];
  return ['not equivalent', plural(report.outputs.length, 'output'), 'bad'];
}

const meaning: Readonly<Record<Effect, string>> = {
  exact: 'every output bit stays equal',
  rounding: 'outputs move by float rounding, or by at most one quantum',
  closer: 'a rounding is removed: outputs move toward the float model',
  scale: 'calibration changes',
  interface: 'a graph input or output changes its type',
};

function consents(records: readonly RewriteRecord[]): string {
  const counts = new Map<Effect, number>();
  for (const { effect } of records) counts.set(effect, (counts.get(effect) ?? 0) + 1);
  const rows = [...counts].map(([effect, count]) => [
    `<span class="tag effect">${effect}</span>`,
    String(count),
    meaning[effect],
  ]);
  return rows.length === 0
    ? '<p>Nothing to do: no rule or pass found anything.</p>'
    : htmlTable(['effect', 'rewrites', 'what it may do to the numbers'], rows, [1]);
}

function plans({ plan, effects }: PageFacts): string {
  if (plan === undefined) return '';
  const { before, after } = plan;
  const totals = htmlTable(
    ['', 'before', 'after'],
    [
      ...totalRows.map(([key, words]) => [words, String(before.totals[key]), String(after.totals[key])]),
      ['bytes they move', bytesInWords(before.bytes), bytesInWords(after.bytes)],
    ],
    [1, 2],
  );
  const side = (title: string, one: Plan) =>
    `<div><h3>${title}</h3>${causes(one)}${survivors(one, effects)}${details(plural(one.layers.length, 'layer'), layers(one))}</div>`;
  const possible = after.possible.map((text) => `<li>${escapeHtml(text)}</li>`).join('');
  return `${totals}<div class="pair">${side('before', before)}${side('after', after)}</div>${possible === '' ? '' : `<h3>Possible, but not to be told from the model</h3><ul>${possible}</ul>`}`;
}

function causes(plan: Plan): string {
  const { causes } = explainPlan(plan);
  if (causes.length === 0) return '<p class="good">No quantizer survives as a kernel of its own.</p>';
  const rows = causes.map(({ law, words, count, bytes, share }) => [
    `<b>${law}</b> ${escapeHtml(words)}`,
    String(count),
    `${share === null ? '' : `<span class="bar" style="width:${Math.max(1, Math.round(share * 60))}px"></span>`}${bytesInWords(bytes)}`,
  ]);
  return htmlTable(['what keeps quantizers', 'nodes', 'bytes'], rows, [1, 2]);
}

function survivors({ qdq }: Plan, effects: Effects): string {
  const rows = qdq.map(({ kind, tensor, bytes, law, why, rule }) => [
    kind,
    name(tensor, 32),
    bytesInWords(bytes),
    `<b>${law}</b> ${escapeHtml(why)}`,
    rule === null
      ? '–'
      : `${escapeHtml(rule)}${effects.has(rule) ? ` <span class="tag effect">${effects.get(rule)}</span>` : ''}`,
  ]);
  if (rows.length === 0) return '';
  const title = plural(qdq.length, 'quantizer survives', 'quantizers survive');
  return details(title, htmlTable(['', 'value', 'bytes', 'why', 'removed by'], rows, [2]));
}

function layers({ layers }: Plan): string {
  return htmlTable(
    ['in → out', 'fused', 'name'],
    layers.map((layer) => [
      `<span class="tag ${layer.in === 'F' ? 'float' : 'int'}">${layer.in}${layer.residual === null ? '' : `+${layer.residual}`}</span> → <span class="tag ${layer.out === 'F' ? 'float' : 'int'}">${layer.out}</span>`,
      escapeHtml(layer.fused),
      `<span title="${escapeHtml(precisionInWords(layer))}">${name(layer.name, 36)}</span>`,
    ]),
  );
}

function maps({ plan }: PageFacts): string {
  if (plan === undefined) return '';
  return `<p class="quiet">Drag to move, wheel or pinch to scale; hover for names. Each layer is coloured above by what it reads, below by what it writes.</p>
<div class="legend"><span><span class="tag int">I8</span> int8</span><span><span class="tag float">F</span> float</span><span><span class="tag" style="background:var(--hot);color:#fff">Q</span> a quantizer that is a kernel of its own</span></div>
<div class="tabs"><input type="radio" name="map" id="show-before"><label for="show-before">before</label><input type="radio" name="map" id="show-after" checked><label for="show-after">after</label>
${mapOf(plan.before, 'map-before', 'map of the model before')}${mapOf(plan.after, 'map-after', 'map of the model after')}</div>`;
}

/** Most rewrites with a picture; those after it are told in words. */
const mostPictures = 600;

function rewrites({ rewritten }: PageFacts): string {
  const { trace } = rewritten;
  const byRule = new Map<string, RewriteRecord[]>();
  for (const record of trace.rewrites) byRule.set(record.rule, [...(byRule.get(record.rule) ?? []), record]);
  let pictures = 0;
  const groups = [...byRule].map(([rule, records]) => {
    const items = records.map((record) => {
      const picture =
        pictures++ < mostPictures ? pictureOf(record) : '<p class="quiet">Not drawn: there are too many.</p>';
      const note = record.note === undefined ? '' : `<p>${escapeHtml(record.note)}</p>`;
      return details(
        `at ${name(record.at, 60)}${record.graph === 'main' ? '' : ` in ${name(record.graph)}`}`,
        note + picture,
      );
    });
    const effect = records[0]!.effect;
    return details(
      `<b>${escapeHtml(rule)}</b> <span class="tag effect" title="${meaning[effect]}">${effect}</span> ${plural(records.length, 'rewrite')}`,
      items.join(''),
    );
  });
  const left = trace.findings.map(
    ({ rule, at, message }) => `<li><b>${escapeHtml(rule)}</b> at ${name(at)}: ${escapeHtml(message)}</li>`,
  );
  const alone = left.length === 0 ? '' : `<h3>Seen and left alone</h3><ul>${left.join('')}</ul>`;
  return (groups.length === 0 ? '<p>None.</p>' : groups.join('')) + alone;
}

function scales({ groups }: PageFacts): string {
  const changing = groups.filter(({ before, refused }) => refused !== undefined || before.length > 1);
  if (changing.length === 0) return '';
  const items = changing.map(({ reason, members, after, refused }) => {
    const worst = Math.max(...members.map(({ bitsLost }) => bitsLost));
    const rows = members.map(({ tensor, scale, after: target, bitsLost }) => [
      name(tensor, 56),
      formatNumber(scale, 4),
      formatNumber(target, 4),
      after === undefined || bitsLost === 0
        ? ''
        : `<span class="bar" style="width:${Math.round(Math.min(4, Math.abs(bitsLost)) * 20)}px"></span>${bitsLost.toFixed(2)}`,
    ]);
    const title =
      refused === undefined
        ? `${escapeHtml(reason)}: ${plural(members.length, 'quantizer')}, up to ${Math.max(0, worst).toFixed(2)} bits lost`
        : `${escapeHtml(reason)}: left alone`;
    const why = refused === undefined ? '' : `<p class="bad">${escapeHtml(refused)}</p>`;
    return details(title, why + htmlTable(['value', 'scale', 'after', 'bits lost'], rows, [1, 2, 3]));
  });
  return `<p class="quiet">Quantizers around a Concat, a MaxPool or a copy stay in int8 with one scale only. A bit lost is half the resolution; below zero, values beyond the range saturate.</p>${items.join('')}`;
}

function verification({ report, exact }: PageFacts): string {
  if (report === undefined) return '';
  const rows = report.outputs.map((output) => [
    name(output.name),
    `<span class="${output.within ? 'good' : 'bad'}">${output.identical ? 'identical' : output.within ? 'within what is allowed' : 'too far apart'}</span>`,
    formatNumber(output.maxDifference, 4),
    formatNumber(output.quanta, 3),
    output.sqnr === undefined ? '–' : `${formatNumber(output.sqnr, 4)} dB`,
    formatNumber(output.cosine, 7),
    escapeHtml(output.note ?? ''),
  ]);
  const findings = report.findings.map(
    ({ at, message, allowed }) =>
      `<li class="${allowed ? '' : 'bad'}">${name(at)}: ${escapeHtml(message)}</li>`,
  );
  const first = report.firstDifference;
  const parts = [
    `<p>Allowed: ${escapeHtml(report.allowed.join(', '))}; ${plural(report.samples.length, 'sample')}.${exact === undefined ? '' : ` The exact rules alone: <span class="${exact.identical ? 'good' : 'bad'}">${exact.identical ? 'every bit equal' : 'not identical'}</span>.`}</p>`,
    htmlTable(['output', '', 'largest difference', 'quanta', 'SQNR', 'cosine', ''], rows, [2, 3, 4, 5]),
    first === undefined
      ? ''
      : `<p>The first value that differs is ${name(first.value)}, made by ${escapeHtml(first.madeBy.before)} before and ${escapeHtml(first.madeBy.after)} after.</p>`,
    findings.length === 0 ? '' : `<ul>${findings.join('')}</ul>`,
    `<h3>Not checked</h3><ul>${report.notChecked.map((text) => `<li>${escapeHtml(text)}</li>`).join('')}</ul>`,
  ];
  return parts.join('');
}
