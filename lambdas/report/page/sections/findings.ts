/** What the checks found, and what became of it; and what was left. */
import type { FindingReport, MigrationReport } from '../../model.ts';
import { clipped, type Html, html } from '../html.ts';
import type { Limits } from '../limits.ts';
import { badge, nameOf, namesOf, said, sectionOf } from '../parts.ts';

/** Characters of a name. */
const MOST_NAME = 200;

const BECAME = { gone: ['gone at the last look', 'green'], stays: ['there at the last look', 'muted-tone'] } as const;

function findingOf(
  { code, severity, objects, more, message, remedy, machine, execution, became }: FindingReport,
  { text, names }: Limits,
): Html {
  const [says, tone] = BECAME[became];
  return html`<article>
<h3>${code} ${badge(severity, severity === 'blocker' ? 'red' : 'amber')} ${badge(says, tone)}</h3>
<p>${clipped(message, text)}</p>
<p><strong>To do:</strong> ${clipped(remedy, text)}</p>
${
  objects.length + more > 0 &&
  html`<p class="muted">${namesOf(
    objects.map((object) => clipped(object, MOST_NAME)),
    more,
    names,
  )}</p>`
}
<p class="muted">Found last by ${machine}, execution ${nameOf(execution)}.</p>
</article>
`;
}

const countOf = (findings: readonly FindingReport[], severity: FindingReport['severity']): string => {
  const count = findings.filter((finding) => finding.severity === severity).length;
  return `${count} ${severity}${count === 1 ? '' : 's'}`;
};

export function findingsSection({ findings, executions }: MigrationReport, limits: Limits): Html {
  const hidden = findings.length - limits.entries;
  const none =
    executions.length === 0
      ? 'Nobody looked: no machine that checks anything was started.'
      : 'Nothing: the checks that came to their end found nothing to say.';
  const content =
    findings.length === 0
      ? said(none)
      : html`<p>${countOf(findings, 'blocker')} and ${countOf(findings, 'warning')}. A finding that a later look at the same did not make is gone.</p>
<div class="findings">
${findings.slice(0, limits.entries).map((finding) => findingOf(finding, limits))}</div>
${hidden > 0 && html`<p class="muted">${hidden} more are in the JSON only.</p>`}`;
  return sectionOf({ id: 'findings', title: 'Findings, and what became of them', newPage: true, content });
}

export function leftSection({ left, executions }: MigrationReport, { text, entries }: Limits): Html {
  const none = executions.length === 0 ? 'Nothing: nothing was started.' : 'Nothing: no step has named anything that it left.';
  const hidden = left.length - entries;
  const content =
    left.length === 0
      ? said(none)
      : html`<ul>${left.slice(0, entries).map((sentence) => html`<li>${clipped(sentence, text)}</li>\n`)}${hidden > 0 && html`<li>${hidden} more in the JSON</li>`}</ul>`;
  return sectionOf({ id: 'left', title: 'What was left', content });
}
