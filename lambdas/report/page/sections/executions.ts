/** Every execution in detail: how it ended, its states, and where to look at it. */
import type { ExecutionReport, MigrationReport } from '../../model.ts';
import { clipped, type Html, html, secureAddress } from '../html.ts';
import { momentOf } from '../moments.ts';
import { numberOf } from '../numbers.ts';
import { badge, nameOf, said, sectionOf, type Tone, tableOf } from '../parts.ts';
import { executionsThatMatter, statesTable } from './timeline.ts';

const MOST_EXECUTIONS = 20;
const MOST_LINKS = 40;
const MOST_CAUSE = 2500;

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

function executionOf(one: ExecutionReport, link: string | undefined): Html {
  const { machine, execution, status, startedAt, endedAt, seconds, error, cause, states } = one;
  return html`<article>
<h3>${machine} ${badge(status.toLowerCase().replace('_', ' '), TONES[status])}</h3>
<p>Execution ${nameOf(execution)}, from ${momentOf(startedAt)} to ${momentOf(endedAt)}: ${numberOf(seconds, 'seconds', 'still running')}.${link && html` ${linkOf('Look at it in the console', link)}`}</p>
${error !== null && html`<p><strong>${clipped(error, MOST_CAUSE)}</strong></p>`}
${cause !== null && html`<pre>${clipped(cause, MOST_CAUSE)}</pre>`}
${states.length > 0 ? html`<details><summary>States (${states.length})</summary>${tableOf(statesTable(one))}</details>` : said('It entered no state of its own.')}
</article>
`;
}

export function executionsSection({ executions, links }: MigrationReport): Html {
  const shown = executionsThatMatter(executions, MOST_EXECUTIONS);
  const hidden = executions.length - shown.length;
  const keys = new Set(executions.map(keyOf));
  const others = Object.entries(links).filter(([what]) => !keys.has(what));
  const content = html`${shown.length === 0 ? said('Nothing was started.') : shown.map((one) => executionOf(one, links[keyOf(one)]))}
${hidden > 0 && html`<p class="muted">${hidden} further executions are in the JSON only.</p>`}
<h3>Where to look</h3>
${others.length > 0 ? html`<ul>${others.slice(0, MOST_LINKS).map(([what, address]) => html`<li>${linkOf(what, address)}</li>\n`)}</ul>` : said('Nothing beside the executions has a page of its own.')}`;
  return sectionOf({ id: 'executions', title: 'Executions in detail', newPage: true, content });
}
