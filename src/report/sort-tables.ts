/**
 * The one script of a page: a press on the head of a column sorts the table by it, largest first, another one the other way.
 * It is written down as text, with its hash for the page's content security policy, which allows no other.
 */

import { createHash } from 'node:crypto';

export const sortTables = `
for (const table of document.querySelectorAll('table.results')) {
  const heads = [...table.querySelectorAll('thead th')];
  const body = table.tBodies[0];
  const valueOf = (row, at) => {
    const text = row.cells[at].textContent.trim();
    const number = Number.parseFloat(text.replaceAll(',', '').replace('\u2212', '-'));
    return { text, number };
  };
  heads.forEach((head, at) => head.querySelector('button')?.addEventListener('click', () => {
    const isDescending = head.getAttribute('aria-sort') !== 'descending';
    for (const other of heads) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', isDescending ? 'descending' : 'ascending');
    const rows = [...body.rows].map((row) => ({ row, ...valueOf(row, at) }));
    const compare = (a, b) => {
      const [x, y] = [!Number.isFinite(a.number), !Number.isFinite(b.number)];
      if (x || y) return x && y ? a.text.localeCompare(b.text) : (x ? 1 : -1) * (isDescending ? 1 : -1);
      return a.number - b.number;
    };
    rows.sort((a, b) => (isDescending ? -1 : 1) * compare(a, b));
    body.append(...rows.map(({ row }) => row));
  }));
}
`;

/** For `script-src`. */
export const sortTablesHash = `sha256-${createHash('sha256').update(sortTables).digest('base64')}`;
