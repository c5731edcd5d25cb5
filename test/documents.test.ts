/** Documents and code agree: every link leads somewhere, and every name that a person may meet has its entry. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ERROR_NAMES } from '../lambdas/config/errors.ts';
import { INPUT_ENTRIES } from '../lambdas/config/input.ts';
import { MACHINE_NAMES } from '../lambdas/engine/machines.ts';
import { noticeOf } from '../lambdas/monitoring/notices.ts';
import { STEP_NAMES } from '../lambdas/steps/index.ts';
import { ALARM_NAMES, ALARMS } from '../lib/alarms.ts';
import { SETTING_ENTRIES } from '../lib/settings.ts';
import {
  anchorsOf,
  brokenLinks,
  brokenMentions,
  brokenPaths,
  codesIn,
  findingsIn,
  headingsOf,
  linksOf,
  rowsBelow,
  severitiesIn,
  unknownNames,
} from './support/documents.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NOT_OURS = /(?:^|\/)(?:node_modules|cdk\.out|\.git|\.venv)(?:\/|$)/;
const ROOMS = ['.ci', 'bench', 'bin', 'docs', 'lambdas', 'lib', 'rehearsal', 'test'];

const all = [
  ...readdirSync(ROOT, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : [])),
  ...ROOMS.flatMap((room) => readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' }).map((file) => join(room, file))),
].filter((file) => !NOT_OURS.test(file));
const exists = (path: string): boolean => existsSync(join(ROOT, path));
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const textsOf = (files: readonly string[]): Map<string, string> => new Map(files.map((file) => [file, textOf(file)]));

const documents = textsOf(all.filter((file) => file.endsWith('.md')));
const itself = ['test/documents.test.ts', 'test/support/documents.ts'];
const code = textsOf(all.filter((file) => file.endsWith('.ts') && !itself.includes(file)));
const codeBelow = (...folders: string[]): string =>
  [...code].flatMap(([file, text]) => (folders.some((folder) => file.startsWith(folder)) ? [text] : [])).join('\n');

const errors = textOf('docs/errors.md');
const READINESS = '## Findings of CheckReadiness';
const SWITCH = '## Findings before a switch';
const steps: readonly string[] = STEP_NAMES;
const namesIn = (folder: string): string[] => [...findingsIn(codeBelow(folder))].filter((name) => !steps.includes(name));
const findings = [...new Set([...namesIn('lambdas/checks/'), ...codesIn(codeBelow('lambdas/'))])];

describe('a link', () => {
  it('leads from every document to a file and a heading that are there', () => {
    expect([...documents.values()].flatMap(linksOf).length).toBeGreaterThan(50);
    expect(brokenLinks(documents, exists)).toEqual([]);
  });

  it('leads from every alarm, notice and comment of the code to a document and a heading that are there', () => {
    expect(brokenMentions(code, documents, exists)).toEqual([]);
  });

  it('is found broken where a file or a heading is missing', () => {
    const planted = new Map([
      ['README.md', '[good](docs/a.md#two-words) [no file](docs/b.md) `[code](docs/c.md)` [elsewhere](https://example.com/d.md)'],
      [
        'docs/a.md',
        '# Two words\n\n[good](../README.md) [no heading](#three) [from here](docs/a.md)\n\n```sh\n[fence](e.md)\n```\n\n[late]: f.md\n',
      ],
    ]);
    expect(brokenLinks(planted, (path) => planted.has(path))).toEqual([
      'README.md → docs/b.md: no such file',
      'docs/a.md → #three: no such heading',
      'docs/a.md → docs/a.md: no such file',
      'docs/a.md → f.md: no such file',
    ]);
    const speaking = new Map([['lib/x.ts', "'What to do: docs/a.md#two-words, docs/a.md#three, docs/b.md'"]]);
    expect(brokenMentions(speaking, planted, (path) => planted.has(path))).toEqual([
      'lib/x.ts → docs/a.md#three: no such heading',
      'lib/x.ts → docs/b.md: no such file',
    ]);
  });

  it('leads to anchors as GitHub makes them: punctuation gone, spaces as hyphens, repetitions numbered', () => {
    expect([...anchorsOf("# What's `a_b`, really?\n## One\n## One\n```\n# no heading\n```\n### [A link](x.md) – dash\n")]).toEqual([
      'whats-a_b-really',
      'one',
      'one-1',
      'a-link--dash',
    ]);
  });
});

describe('a path that stands as code in a document', () => {
  it('is a file or a folder that is there', () => {
    expect(brokenPaths(documents, all, exists)).toEqual([]);
  });

  it('is found where nothing of that name is there, alone or in its folder', () => {
    const planted = new Map([
      ['docs/a.md', '`lib/gone.ts` `gone.json` `lambdas/gone` `lib/here.ts` `here.ts` `lib/here.ts:7` `a.gone` `npm run gone`'],
    ]);
    const there = ['lib/here.ts'];
    expect(brokenPaths(planted, there, (path) => there.includes(path))).toEqual([
      'docs/a.md: lib/gone.ts',
      'docs/a.md: gone.json',
      'docs/a.md: lambdas/gone',
    ]);
  });
});

/** What has to have an entry, and the entries that there are. */
const ENTRIES: readonly (readonly [what: string, names: readonly string[], entries: readonly string[]])[] = [
  ['error', ERROR_NAMES, headingsOf(errors)],
  ['alarm', ALARM_NAMES.map((name) => ALARMS[name].title), headingsOf(textOf('docs/alarms.md'))],
  ['finding', findings, [...rowsBelow(errors, READINESS).keys(), ...rowsBelow(errors, SWITCH).keys()]],
  ['finding of CheckReadiness', namesIn('lambdas/checks/readiness/'), [...rowsBelow(errors, READINESS).keys()]],
  ['finding of CheckCutover', namesIn('lambdas/checks/cutover/'), [...rowsBelow(errors, SWITCH).keys()]],
  ['setting', SETTING_ENTRIES.map(([key]) => key), [...rowsBelow(textOf('docs/settings.md'), '# Settings of a deployment').keys()]],
  ['key of the input', INPUT_ENTRIES.map(([key]) => key), [...rowsBelow(textOf('docs/input.md'), '# Input of an execution').keys()]],
];

const missing = (names: readonly string[], entries: readonly string[]): string[] => names.filter((name) => !entries.includes(name));

describe('an entry', () => {
  it.each(ENTRIES)('is there for every %s', (_what, names, entries) => {
    expect(names.length).toBeGreaterThan(10);
    expect(missing(names, entries)).toEqual([]);
  });

  it('of an error in docs/errors.md is of one that a machine can end with, and says what to do', () => {
    const section = errors.split('\n## Errors\n')[1]?.split('\n## ')[0] ?? '';
    const entries = section.split(/^### /m).slice(1);
    expect(entries.map((entry) => entry.split('\n')[0])).toEqual([...ERROR_NAMES, 'Errors of Step Functions and Lambda']);
    expect(entries.slice(0, -1).filter((entry) => !/^.+\n\n.{20,}[\s\S]*\n\nDo:\n\n1\. .{10,}/.test(entry))).toEqual([]);
  });

  it('of a finding in docs/errors.md is of one that a check can make', () => {
    for (const section of [READINESS, SWITCH]) expect(missing([...rowsBelow(errors, section).keys()], findings), section).toEqual([]);
  });

  it('of a finding says whether it refuses, what it means and what to do', () => {
    for (const [section, folder] of [
      [READINESS, 'lambdas/checks/readiness/'],
      [SWITCH, 'lambdas/checks/cutover/'],
    ] as const) {
      const rows = rowsBelow(errors, section);
      for (const [name, cells] of rows) {
        expect(cells, name).toEqual([
          expect.stringMatching(/^(blocker|warning)$/),
          expect.stringMatching(/.{8}/),
          expect.stringMatching(/.{5}/),
        ]);
      }
      const severities = severitiesIn(codeBelow(folder));
      expect(severities.length).toBeGreaterThan(30);
      expect(severities.filter(({ name, severity }) => rows.get(name)?.[0] !== severity)).toEqual([]);
    }
  });

  it('is there for every notice of a good end, with its subject', () => {
    const subjects = MACHINE_NAMES.flatMap((machine) => {
      const ended = {
        machine,
        execution: 'one',
        executionArn: 'arn:aws:states:eu-central-1:1:execution:x:one',
        status: 'SUCCEEDED',
      } as const;
      return noticeOf('Shop', ended)?.subject.replace('Shop: ', '') ?? [];
    });
    expect(subjects.length).toBeGreaterThan(3);
    expect(subjects.filter((subject) => !textOf('docs/alarms.md').includes(`| \`${subject}\` |`))).toEqual([]);
  });

  it('is found missing where a check makes a finding that no document knows', () => {
    const planted =
      "blocker({ code: 'Rule' }); listed({ code: 'Rule', severity: 'warning' }); const KINDS = { one: ['PlantedFinding', 'words'] };";
    expect([...findingsIn(planted)]).toEqual(['Rule', 'PlantedFinding']);
    expect(severitiesIn(planted)).toEqual([
      { name: 'Rule', severity: 'blocker' },
      { name: 'Rule', severity: 'warning' },
    ]);
    const known = rowsBelow(
      '# A\n\n## One\n\n| `Rule` | blocker | means | do |\n\n### Below\n\n| `Under` | x | y | z |\n\n## Two\n\n| `Other` | a | b | c |\n',
      '## One',
    );
    expect(known).toEqual(
      new Map([
        ['Rule', ['blocker', 'means', 'do']],
        ['Under', ['x', 'y', 'z']],
      ]),
    );
    expect(missing([...findingsIn(planted)], [...known.keys()])).toEqual(['PlantedFinding']);
  });
});

describe('a name that stands as code in a document', () => {
  /** Names of AWS and of its API that no code of ours spells out. */
  const OF_AWS = ['StopExecution', 'GetExecutionHistory', 'AdministratorAccess'];

  it('occurs in the code: nothing is told of a step, machine, error or finding that is gone', () => {
    expect(unknownNames(documents, [...code.values(), ...OF_AWS].join('\n'))).toEqual([]);
  });

  it('is found where the code knows it no more', () => {
    const planted = new Map([['docs/a.md', '`CopySchema` ends with\n`GoneError`; `NotReady` `Preflight` GoneWord `gone_word`']]);
    expect(unknownNames(planted, "'CopySchema' class NotReadyEither {} NotReady()")).toEqual(['docs/a.md: GoneError']);
  });
});
