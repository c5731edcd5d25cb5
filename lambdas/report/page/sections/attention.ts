/** What nobody should overlook, beside the verdict; each leads to its section. */
import { countInWords } from '../../../config/in-words.ts';
import type { MigrationReport } from '../../model.ts';
import { type Html, html } from '../html.ts';

interface Concern {
  readonly count: number;
  readonly one: string;
  readonly many: string;
  /** Of the section that tells more. */
  readonly section: string;
}

function concernsOf({ comparison, sequences, indexes, indexFailures, writes, findings }: MigrationReport): Concern[] {
  const missing = indexes.reduce((sum, { done, of }) => sum + Math.max(0, of - done), 0);
  const most = (key: 'lost' | 'duplicated'): number => Math.max(0, ...writes.map((view) => view[key] ?? 0));
  return [
    {
      count: comparison ? comparison.different.length + comparison.moreDifferent : 0,
      ...{ one: 'table differs', many: 'tables differ', section: 'proof' },
    },
    { count: sequences?.behind.length ?? 0, one: 'sequence is behind', many: 'sequences are behind', section: 'proof' },
    {
      count: Math.max(missing, indexFailures.length),
      ...{ one: 'key or index is missing', many: 'keys or indexes are missing', section: 'proof' },
    },
    { count: most('lost'), one: 'acknowledged write was lost', many: 'acknowledged writes were lost', section: 'proof' },
    { count: most('duplicated'), one: 'write is there twice', many: 'writes are there twice', section: 'proof' },
    {
      count: findings.filter(({ severity, became }) => severity === 'blocker' && became === 'stays').length,
      ...{ one: 'blocker was there at the last look', many: 'blockers were there at the last look', section: 'findings' },
    },
  ];
}

/** Nothing where there is nothing of the kind. */
export function attentionOf(report: MigrationReport): Html | null {
  const concerns = concernsOf(report).filter(({ count }) => count > 0);
  if (concerns.length === 0) return null;
  const items = concerns.map(
    ({ count, one, many, section }) => html`<li><a href="#${section}">${countInWords(count)} ${count === 1 ? one : many}</a></li>\n`,
  );
  return html`<ul class="attention red" aria-label="To look at">
${items}</ul>
`;
}
