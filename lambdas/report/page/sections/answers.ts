/** The verdict, and the six answers for somebody who was not there. */
import type { Answers, MigrationReport } from '../../model.ts';
import { type Html, html } from '../html.ts';
import type { Tone } from '../parts.ts';
import { attentionOf } from './attention.ts';

const TONES: Readonly<Record<MigrationReport['outcome']['code'], Tone>> = {
  'nothing moved': 'muted-tone',
  copying: 'blue',
  ready: 'green',
  'on PlanetScale': 'green',
  'back on Aurora': 'amber',
  'cleaned up': 'green',
  failed: 'red',
};

const QUESTIONS: readonly (readonly [keyof Answers, string])[] = [
  ['moved', 'What moved?'],
  ['took', 'How long did it take?'],
  ['without', 'How long was the application without a database?'],
  ['proved', 'What was proved, and how?'],
  ['left', 'What was left?'],
  ['cost', 'What did it cost?'],
];

export function answersSection(report: MigrationReport): Html {
  const { outcome, answers } = report;
  const rows = QUESTIONS.map(([key, question]) => html`<div><dt>${question}</dt><dd>${answers[key]}</dd></div>\n`);
  return html`<p class="verdict ${TONES[outcome.code]}" id="verdict"><strong>${outcome.code}</strong>${outcome.says}</p>
${attentionOf(report)}<h2 class="in-short">In short</h2>
<dl class="answers">
${rows}</dl>
`;
}
