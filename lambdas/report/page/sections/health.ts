/** Whether the streams were healthy: lag and WAL over time. */
import type { MigrationReport } from '../../model.ts';
import { type Html, html } from '../html.ts';
import { linesOf } from '../lines.ts';
import { sectionOf } from '../parts.ts';

const NOBODY = 'Nobody measured this: the watch measures it while a stream is there, and keeps nothing where there was none.';

export function healthSection({ stream }: MigrationReport): Html {
  const content = html`<p>How far the subscriber was behind, and how much WAL the publisher had to keep for it: of the stream to PlanetScale until a switch, of the one back after it.</p>
${linesOf({ title: 'Lag in time', unit: 'milliseconds', lines: [{ name: 'lag', colour: 'blue', samples: stream.lagMilliseconds }], otherwise: NOBODY })}
${linesOf({ title: 'Lag in bytes', unit: 'bytes', lines: [{ name: 'WAL not confirmed', colour: 'violet', samples: stream.lagBytes }], otherwise: NOBODY })}
${linesOf({ title: 'WAL kept', unit: 'bytes', lines: [{ name: 'WAL kept', colour: 'amber', samples: stream.walKeptBytes, filled: true }], otherwise: NOBODY })}`;
  return sectionOf({ id: 'health', title: 'Lag and WAL', content });
}
