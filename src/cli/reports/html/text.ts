/** Text that stands in HTML as it is; names in a model may hold anything. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A table; cells are HTML. The first row is a heading. */
export function htmlTable(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  numeric: readonly number[] = [],
): string {
  const cells = (row: readonly string[], tag: string) =>
    row.map((cell, i) => `<${tag}${numeric.includes(i) ? ' class="number"' : ''}>${cell}</${tag}>`).join('');
  const head = heading.length === 0 ? '' : `<thead><tr>${cells(heading, 'th')}</tr></thead>`;
  const body = rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('');
  return `<div class="scroll"><table>${head}<tbody>${body}</tbody></table></div>`;
}

/** A part of the page that is closed until somebody opens it; both are HTML. */
export function details(summary: string, body: string, open = false): string {
  return `<details${open ? ' open' : ''}><summary>${summary}</summary>${body}</details>`;
}

/** A name in the middle of text, cut in the middle where it is long; the whole of it shows on hover. */
export function name(text: string, most = 48): string {
  const half = Math.floor((most - 1) / 2);
  const short = text.length <= most ? text : `${text.slice(0, half)}…${text.slice(-half)}`;
  return `<code${short === text ? '' : ` title="${escapeHtml(text)}"`}>${escapeHtml(short)}</code>`;
}
