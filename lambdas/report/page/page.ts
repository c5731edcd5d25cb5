/** The report as one HTML page that stands alone: nothing is fetched, and no script runs. */
import type { MigrationReport } from '../model.ts';
import { Html, html } from './html.ts';
import { LIMITS, type Limits, MOST_BYTES } from './limits.ts';
import { momentOf } from './moments.ts';
import { nameOf } from './parts.ts';
import { answersSection } from './sections/answers.ts';
import { copySection } from './sections/copy.ts';
import { executionsSection } from './sections/executions.ts';
import { findingsSection, leftSection } from './sections/findings.ts';
import { costSection, forecastSection } from './sections/forecast.ts';
import { healthSection } from './sections/health.ts';
import { proofSection } from './sections/proof.ts';
import { switchesSection } from './sections/switches.ts';
import { timelineSection } from './sections/timeline.ts';
import { STYLE } from './style.ts';

/** Identifiers of the sections, in the order of the questions; the dashboard has the same order. */
const CONTENTS = [
  ['time', 'How long'],
  ['copy', 'Copy'],
  ['health', 'Lag and WAL'],
  ['switch', 'Switch'],
  ['proof', 'Proof'],
  ['findings', 'Findings'],
  ['left', 'Left'],
  ['forecast', 'Forecast'],
  ['cost', 'Cost'],
  ['executions', 'Executions'],
] as const;

const SECTIONS = [
  timelineSection,
  copySection,
  healthSection,
  switchesSection,
  proofSection,
  findingsSection,
  leftSection,
  forecastSection,
  costSection,
  executionsSection,
] as const;

/** With so much of it as the limits say; of what is cut, the number of what is not shown. */
function pageWithin(report: MigrationReport, limits: Limits): string {
  const { stack, database, sides, writtenAt, version } = report;
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Migration of ${database} (${stack})</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<header>
<h1>Migration of ${nameOf(database)}</h1>
<p class="muted">${nameOf(stack)}: from ${sides.source} to ${sides.target}. Written on ${momentOf(writtenAt)}.</p>
</header>
<main>
${answersSection(report)}
<nav aria-label="Contents"><ul>${CONTENTS.map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>\n`)}</ul></nav>
${SECTIONS.map((section) => section(report, limits))}
</main>
<footer>Version ${version} of the report. The JSON beside this page holds all of what is cut or added up here. All moments are in UTC.</footer>
</body>
</html>
`.text;
}

/** Smaller than {@link MOST_BYTES}, whatever the report holds. */
export function pageOf(report: MigrationReport): string {
  let page = '';
  for (const limits of LIMITS) {
    page = pageWithin(report, limits);
    if (Buffer.byteLength(page) < MOST_BYTES) break;
  }
  return page;
}
