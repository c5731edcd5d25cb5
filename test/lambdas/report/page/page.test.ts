import { describe, expect, it } from 'vitest';
import type { Sample } from '../../../../lambdas/report/history.ts';
import type { MigrationReport } from '../../../../lambdas/report/model.ts';
import { pageOf } from '../../../../lambdas/report/page/page.ts';
import { emptyReport, everyMinute, immenseReport, reportWith } from '../../../support/reports.ts';

const page = pageOf(reportWith());
const drawings = (text: string): string[] => text.match(/<svg[\s\S]*?<\/svg>/g) ?? [];
/** Of a section, from its heading to its end. */
const section = (text: string, id: string): string => new RegExp(`<section id="${id}"[\\s\\S]*?</section>`).exec(text)?.[0] ?? '';

describe('the page', () => {
  it('forbids everything but its own style, and holds no script, no address to fetch and no handler', () => {
    expect(page).toContain(
      `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">`,
    );
    expect(page).not.toMatch(/<script|<link|<iframe|<img|@import|\bsrc=|url\(|javascript:/i);
    expect(page).not.toMatch(/<[^>]*\son\w+=/);
  });

  it('says its language and fits itself to the width of the screen', () => {
    expect(page).toMatch(/^<!DOCTYPE html>\n<html lang="en">/);
    expect(page).toContain('<meta name="viewport" content="width=device-width, initial-scale=1">');
  });

  it('answers the six questions first, after the verdict, then comes the rest in the order of the dashboard', () => {
    const { answers, outcome } = reportWith();
    const places = [outcome.says, ...Object.values(answers)].map((text) => page.indexOf(text));
    const sections = [...page.matchAll(/<section id="(\w+)"/g)].map(([, id]) => id);
    expect(places.every((place, index) => place > (places[index - 1] ?? 0))).toBe(true);
    expect(page.indexOf('<section')).toBeGreaterThan(places.at(-1) ?? Number.POSITIVE_INFINITY);
    expect(sections).toEqual(['time', 'copy', 'health', 'switch', 'proof', 'findings', 'left', 'forecast', 'cost', 'executions']);
  });

  it('has each of its sections in its list of contents', () => {
    const sections = [...page.matchAll(/<section id="(\w+)"/g)].map(([, id]) => id);
    const contents = /<nav[\s\S]*<\/nav>/.exec(page)?.[0] ?? '';
    expect([...contents.matchAll(/<a href="#(\w+)"/g)].map(([, id]) => id)).toEqual(sections);
  });

  it('names beside the verdict what nobody should overlook, and nothing where there is nothing', () => {
    const [finding] = reportWith().findings;
    const [view] = reportWith().writes;
    if (!finding || !view) throw new Error('The report that this one is made of lacks something.');
    const bad = reportWith({
      comparison: { at: null, tables: 9, rows: 1, bytes: 1, different: [{ schema: 'a', table: 'b', says: 'c' }], moreDifferent: 1233 },
      sequences: { count: 4, behind: ['a'], atTheirBound: [], cycling: [], differing: [] },
      writes: [{ ...view, lost: 2, duplicated: 1 }],
      findings: [{ ...finding, severity: 'blocker', became: 'stays' }],
    });
    const attention = (text: string): string[] => {
      const list = /<ul class="attention[\s\S]*?<\/ul>/.exec(text)?.[0] ?? '';
      return [...list.matchAll(/<a href="#(\w+)">([^<]*)/g)].map(([, id, says]) => `${says}: ${id}`);
    };
    expect(attention(pageOf(bad))).toEqual([
      '1,234 tables differ: proof',
      '1 sequence is behind: proof',
      '1 key or index is missing: proof',
      '2 acknowledged writes were lost: proof',
      '1 write is there twice: proof',
      '1 blocker was there at the last look: findings',
    ]);
    expect(attention(pageOf(reportWith({ indexes: [], indexFailures: [] })))).toEqual([]);
  });

  it('tells the same report twice in the same words', () => {
    expect(pageOf(reportWith()) === page).toBe(true);
  });

  it('stays under 500 kB, with 5,000 tables, series of 90 days and every list far too long', () => {
    const immense = pageOf(immenseReport());
    expect(Buffer.byteLength(immense)).toBeLessThan(500_000);
    expect(section(immense, 'proof')).toContain('50 of 5,017 tables');
    expect(section(immense, 'proof')).toContain('4,967 more');
  });

  it('says of every empty section why it is empty, and draws nothing', () => {
    const empty = pageOf(emptyReport());
    for (const id of ['time', 'copy', 'health', 'switch', 'proof', 'findings', 'left', 'forecast', 'cost', 'executions'])
      expect(section(empty, id), id).toMatch(/class="said">[^<]{10,}/);
    expect(section(empty, 'health').match(/Nobody measured this: /g)).toHaveLength(3);
    expect(drawings(empty)).toEqual([]);
  });

  it('says a single measurement in words, where a line would need two', () => {
    const once = pageOf(reportWith({ stream: { ...reportWith().stream, lagBytes: everyMinute(1, () => 4096) } }));
    expect(section(once, 'health')).toMatch(/Measured only once[^<]*<data value="4096"[^>]*>4\.0 KiB/);
  });

  it('shows the tables that differ first, then the largest', () => {
    const tables: MigrationReport['tables'] = [
      { schema: 'a', table: 'large', bytes: 1e9, toastBytes: 0, rows: 1, compared: 'equal' },
      { schema: 'a', table: 'small', bytes: 1, toastBytes: 0, rows: 1, compared: 'different' },
    ];
    const names = [...section(pageOf(reportWith({ tables })), 'proof').matchAll(/<bdi>(a\.\w+)/g)].map(([, name]) => name);
    expect(names).toEqual(['a.small', 'a.large']);
  });

  it('shows the forecast beside the fact, and how far it was off', () => {
    const text = section(page, 'forecast').replace(/<[^>]+>/g, '|');
    expect(text).toMatch(/Size of the tables\|+736 GiB\|+756 GiB\|+\+3 %/);
    expect(text).toMatch(/Writes wait at the switch\|+80 ms\|+212 ms\|+2\.7 times/);
    expect(text).toMatch(/Speed of a stream\|+not known\|+not measured/);
  });

  it('shows how an execution failed, and links to those that have a page', () => {
    const text = section(page, 'executions');
    expect(text).toContain('One thing stands in the way of the migration.');
    expect(text).toMatch(/<a href="https:\/\/eu-central-1\.console\.aws\.amazon\.com\/states[^"]*cutover-1" rel="noopener noreferrer">/);
  });

  it('links to addresses of https only', () => {
    const links = {
      Good: 'https://example.com/a?b=1&c="',
      Script: 'javascript:alert(1)',
      Data: 'data:text/html,x',
      Plain: 'http://example.com',
      No: 'x',
    };
    const text = section(pageOf(reportWith({ links })), 'executions');
    expect([...text.matchAll(/href="([^"]*)"/g)].map(([, address]) => address)).toEqual(['https://example.com/a?b=1&amp;c=%22']);
    for (const what of Object.keys(links)) expect(text).toContain(what);
  });

  it('says numbers for people, with the exact ones behind them, and moments in UTC', () => {
    expect(page).toContain('<data value="812000000000" title="812000000000 bytes">756 GiB</data>');
    expect(page).toContain('<time datetime="2026-03-02T08:00:00.000Z">2 Mar 2026, 08:00:00 UTC</time>');
  });
});

const [whole] = reportWith().executions.slice(1);
const [switched] = reportWith().switches;
if (!whole || !switched) throw new Error('The report that all others are made of lacks something.');
const { copy, tables } = reportWith();
const noughts = (samples: readonly Sample[]): Sample[] => samples.map(([at]) => [at, 0]);

/** What a page may get and what no chart is made for. */
const ODD: Readonly<Record<string, Partial<MigrationReport>>> = {
  'an execution that runs': {
    executions: [
      { ...whole, status: 'RUNNING', endedAt: null, seconds: null, states: whole.states.map((state) => ({ ...state, endedAt: null })) },
    ],
  },
  'an execution that took no time': { executions: [{ ...whole, endedAt: whole.startedAt, seconds: 0 }] },
  'a clock that went back': { executions: [{ ...whole, startedAt: whole.endedAt ?? '', endedAt: whole.startedAt, seconds: 0 }] },
  'moments that are none': { writtenAt: 'never', executions: [{ ...whole, startedAt: 'then', endedAt: 'once' }] },
  'an execution without states': { executions: [{ ...whole, states: [] }] },
  'a copy of nothing': { copy: { ...copy, bytes: 0, seconds: 0, copied: noughts(copy.copied), total: noughts(copy.total) } },
  'samples that are no numbers': {
    stream: {
      lagMilliseconds: [
        [Number.NaN, 1],
        [1, Number.NaN],
        [2, Number.POSITIVE_INFINITY],
      ],
      lagBytes: [
        [1, -5],
        [2, -7],
      ],
      walKeptBytes: [
        [5, 1e300],
        [6, 1],
      ],
    },
  },
  'tables of no size': { tables: tables.map((table) => ({ ...table, bytes: 0 })) },
  'tables of unknown size': { tables: tables.map((table) => ({ ...table, bytes: null, rows: null, toastBytes: null })) },
  'a switch that nobody measured': { switches: [{ ...switched, parts: [], fencedMs: null, writersPauseMs: null, roundTrips: null }] },
  'a switch that took no time': { switches: [{ ...switched, parts: [{ name: 'fence', ms: 0 }], fencedMs: 0, writersPauseMs: 0 }] },
};

describe('a page about', () => {
  it.each(Object.entries(ODD))('%s is whole, and says nothing that is not a number', (_what, odd) => {
    const text = pageOf(reportWith(odd));
    expect(text).toMatch(/<\/html>\s*$/);
    expect(/NaN|undefined|Infinity|\[object/.exec(text)?.[0]).toBeUndefined();
  });
});
