/** Every execution in detail: how it ended, its states, and where to look at it. */
import type { ExecutionReport, MigrationReport } from '../../model.ts';
import { clipped, type Html, html, secureAddress } from '../html.ts';
import type { Limits } from '../limits.ts';
import { momentOf } from '../moments.ts';
import { numberOf } from '../numbers.ts';
import { badge, nameOf, said, sectionOf, type Tone, tableOf } from '../parts.ts';
import { executionsThatMatter, statesTable } from './timeline.ts';

const TONES: Readonly<Record<ExecutionReport['status'], Tone>> = {
  RUNNING: 'violet',
  SUCCEEDED: 'green',
  FAILED: 'red',
  TIMED_OUT: 'red',
  ABORTED: 'amber',
};

/** A link where its address is one of https, the words alone otherwise. */
const linkOf = (words: string, address: string): Html => {
  const secure = secureAddress(address);
  return secure ? html`<a href="${secure}" rel="noopener noreferrer">${words}</a>` : html`${words}`;
};

const keyOf = ({ machine, execution }: ExecutionReport): string => `${machine} ${execution}`;

function executionOf(one: ExecutionReport, link: string | undefined, { text, states: most }: Limits): Html {
  const { machine, execution, status, startedAt, endedAt, seconds, error, cause, states } = one;
  return html`<article>
<h3>${machine} ${badge(status.toLowerCase().replace('_', ' '), TONES[status])}</h3>
<p>Execution ${nameOf(execution)}, from ${momentOf(startedAt)} to ${momentOf(endedAt)}: ${numberOf(seconds, 'seconds', 'still running')}.${link && html` ${linkOf('Look at it in the console', link)}`}</p>
${error !== null && html`<p><strong>${clipped(error, text)}</strong></p>`}
${cause !== null && html`<pre>${clipped(cause, text)}</pre>`}
${states.length > 0 ? html`<details><summary>States (${states.length})</summary>${tableOf(statesTable(one, most))}</details>` : said('It entered no state of its own.')}
</article>
`;
}

export function executionsSection({ executions, links }: MigrationReport, limits: Limits): Html {
  const shown = executionsThatMatter(executions, limits.entries);
  const hidden = executions.length - shown.length;
  const keys = new Set(executions.map(keyOf));
  const others = Object.entries(links).filter(([what]) => !keys.has(what));
  const content = html`${shown.length === 0 ? said('Nothing was started.') : shown.map((one) => executionOf(one, links[keyOf(one)], limits))}
${hidden > 0 && html`<p class="muted">${hidden} further executions are in the JSON only.</p>`}
<h3>Where to look</h3>
${others.length > 0 ? html`<ul>${others.slice(0, limits.entries).map(([what, address]) => html`<li>${linkOf(what, address)}</li>\n`)}</ul>` : said('Nothing beside the executions has a page of its own.')}`;
  return sectionOf({ id: 'executions', title: 'Executions in detail', newPage: true, content });
}
