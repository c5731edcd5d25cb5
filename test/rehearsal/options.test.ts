import { describe, expect, it } from 'vitest';
import { settingsOfUrl, urlOf } from '../../rehearsal/database-url.ts';
import { HELP } from '../../rehearsal/help.ts';
import { parseOptions, type RehearsalOptions, UsageError } from '../../rehearsal/options.ts';

const problemsOf = (...words: string[]): readonly string[] => {
  try {
    parseOptions(words);
    return [];
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
};

describe('the command line of the rehearsal', () => {
  it('is accepted without options', () => {
    expect(parseOptions([])).toEqual({
      source: { kind: 'embedded', version: 15 },
      target: { kind: 'embedded', version: 18 },
      targetLogin: 'member',
      roles: 'carry',
      copy: 'auto',
      sourceDump: undefined,
      access: 'public',
      failover: false,
      planetscaleApi: false,
      schemaFixes: false,
      until: 'Cleanup',
      writers: 4,
      rate: 200,
      rows: 100_000,
      input: {},
      report: undefined,
      reportHtml: undefined,
      keep: false,
    });
  });

  it('accepts every option, in both ways of writing it', () => {
    const words = [
      '--source-version=11',
      '--target-version',
      '17',
      '--until',
      'preflight',
      '--writers=0',
      '--rate',
      '7',
      '--rows=5',
      '--keep',
    ];
    expect(parseOptions([...words, '--report', 'a file.json'])).toMatchObject({
      source: { version: 11 },
      target: { version: 17 },
      until: 'Preflight',
      writers: 0,
      rate: 7,
      rows: 5,
      keep: true,
      report: 'a file.json',
    });
  });

  it('takes how rows are copied as options, or in the input, and not two answers', () => {
    expect(parseOptions(['--copy', 'parts', '--copy-workers=3', '--part-bytes', '65536'])).toMatchObject({
      copy: 'parts',
      input: { copy: 'parts', copyWorkers: 3, partBytes: 65_536 },
    });
    expect(parseOptions(['--input', '{"copy": "parts"}'])).toMatchObject({ copy: 'parts', input: { copy: 'parts' } });
    expect(parseOptions(['--copy', 'stream', '--input', '{"copy": "stream"}'])).toMatchObject({ copy: 'stream' });
    expect(problemsOf('--copy', 'clone')).toEqual(['--copy must be stream, parts or auto, not "clone".']);
    expect(problemsOf('--copy', 'stream', '--input', '{"copy": "parts"}')).toEqual(['--copy and --input say different things about copy.']);
    expect(problemsOf('--copy-workers=2', '--part-bytes=8192', '--input', '{"copyWorkers": 3, "partBytes": 8193}')).toEqual([
      '--copy-workers and --input say different things about copyWorkers.',
      '--part-bytes and --input say different things about partBytes.',
    ]);
    expect(problemsOf('--copy-workers=0', '--part-bytes=1')).toEqual([
      '--copy-workers must be a whole number from 1 to 200, not "0".',
      '--part-bytes must be a whole number from 8192 to 100000000000, not "1".',
    ]);
    expect(problemsOf('--copy=stream', '--copy-workers=2')).toEqual([
      '--copy-workers and --part-bytes are about a copy in parts; leave them out, or --copy stream.',
    ]);
  });

  it('takes how the target reaches the embedded source, and whether that fails over', () => {
    expect(parseOptions(['--access', 'load-balancer', '--failover'])).toMatchObject({ access: 'load-balancer', failover: true });
    expect(problemsOf('--access=own')).toEqual(['--access must be public or load-balancer, not "own".']);
    expect(problemsOf('--access=public', '--failover', '--source-url=postgresql://u:p@localhost/db')).toEqual([
      '--access is about the embedded source; leave it out, or --source-url.',
      '--failover is about the embedded source; leave it out, or --source-url.',
    ]);
  });

  it('takes what becomes of owners and grants as an option, or in the input, and not two answers', () => {
    expect(parseOptions(['--roles', 'flatten'])).toMatchObject({ roles: 'flatten', input: { roles: 'flatten' } });
    expect(parseOptions(['--input', '{"roles": "flatten"}'])).toMatchObject({ roles: 'flatten', input: { roles: 'flatten' } });
    expect(problemsOf('--roles=neither')).toEqual(['--roles must be carry or flatten, not "neither".']);
    expect(problemsOf('--roles=carry', '--input={"roles": "flatten"}')).toEqual(['--roles and --input say different things about roles.']);
  });

  it('passes execution input on to Preflight and Replicate, and refuses what these would (#11)', () => {
    expect(parseOptions(['--input', '{"replicaIdentity": "full"}'])).toMatchObject({ input: { replicaIdentity: 'full' } });
    expect(problemsOf('--input', 'full')).toEqual(['--input was refused: It must be JSON.']);
    expect(problemsOf('--input={"replicaIdentity": "yes", "lost": "source"}')).toEqual([
      expect.stringContaining('--input was refused: "replicaIdentity"'),
      expect.stringContaining('--input was refused: "lost" is not a setting'),
    ]);
  });

  it("switches the user's own databases only by an explicit option", () => {
    const untilOf = (...words: string[]) => (parseOptions(words) as RehearsalOptions).until;
    const url = 'postgresql://u:p@localhost/db';
    expect(untilOf('--source-url', url)).toBe('Replicate');
    expect(untilOf('--target-url', url)).toBe('Replicate');
    expect(untilOf('--source-url', url, '--until', 'cutover')).toBe('Cutover');
    expect(untilOf('--until=ROLLBACK')).toBe('Rollback');
  });

  it('reports every problem at once and refuses unknown options', () => {
    const problems = problemsOf(
      ...['--source-version', '12', '--target-version=15', '--until=recovery', '--writers=-1', '--rate=1.5'],
      ...['--keep=yes', '--colour', 'stray', '--rows'],
    );
    expect(problems.join('\n')).toMatchInlineSnapshot(`
      "--keep takes no value.
      --colour is not an option; --help lists them.
      "stray" is not an option.
      --rows needs a value.
      --source-version must be one of 11, 13, 15, 17, 18, not "12".
      --target-version must be one of 17, 18, not "15".
      --until must be one of preflight, replicate, cutover, rollback, cleanup, not "recovery".
      --writers must be a whole number from 0 to 64, not "-1".
      --rate must be a whole number from 1 to 10000, not "1.5"."
    `);
  });

  it("accepts the login for an embedded target, and refuses it for the user's own server (#10)", () => {
    expect(parseOptions(['--target-login=default'])).toMatchObject({ targetLogin: 'default' });
    expect(problemsOf('--target-login=superuser')).toEqual(['--target-login must be one of default, member, not "superuser".']);
    expect(problemsOf('--target-login=member', '--target-url', 'postgresql://u:p@localhost/db')).toHaveLength(1);
  });

  it("carries out remedies by an explicit option, and never on the user's own server (#11)", () => {
    expect(parseOptions(['--schema-fixes'])).toMatchObject({ schemaFixes: true });
    for (const side of ['source', 'target']) {
      expect(problemsOf('--schema-fixes', `--${side}-url`, 'postgresql://u:p@localhost/db').join()).toMatch(
        /^--schema-fixes .* never one of your own/,
      );
    }
  });

  it('refuses options that contradict each other, and repeated options', () => {
    const url = 'postgresql://u:p@localhost/db';
    expect(problemsOf('--source-url', url, '--source-version=15', '--source-dump=x.sql', '--rows=1')).toHaveLength(3);
    expect(problemsOf('--rate=1', '--rate=2')).toEqual(['--rate was given twice.']);
  });

  it('prints help only where no other option is given', () => {
    expect(parseOptions(['--help', '--rate=x'])).toBe('help');
    for (const option of ['--source-dump', '--source-url', '--target-url', '--report', 'exit code', 'rehearsal_workload']) {
      expect(HELP).toContain(option);
    }
  });

  it('never quotes a URL in a problem', () => {
    for (const url of [
      'postgresql://u:canary@h',
      'mysql://u:canary@h/d',
      'postgresql://u:canary%zz@h/d',
      'postgresql://u:canary@h/d?sslmode=require',
      'canary',
    ]) {
      const problems = problemsOf('--source-url', url);
      expect(problems).toHaveLength(1);
      expect(problems.join()).not.toContain('canary');
    }
  });
});

describe('the URL of a database', () => {
  it('has certificates verified unless it says otherwise', () => {
    expect(settingsOfUrl('postgres://u%40x:p%25@[::1]:6432/Shop%20%22main%22')).toEqual({
      host: '::1',
      port: 6432,
      database: 'Shop "main"',
      user: 'u@x',
      password: 'p%',
      tls: { verify: 'full', authorities: 'system' },
    });
    expect(settingsOfUrl('postgresql://u:p@h/d?sslmode=disable').tls).toEqual({ verify: 'off' });
    expect(settingsOfUrl('postgresql://u:p@h/d?sslmode=verify-full&sslrootcert=system').tls).toEqual({
      verify: 'full',
      authorities: 'system',
    });
    expect(() => settingsOfUrl('postgresql://u:p@h/d?sslrootcert=/does/not/exist')).toThrow('/does/not/exist, which cannot be read');
  });

  it('is restored from its own settings', () => {
    const settings = { host: 'h', port: 1, database: 'a/b "c" ☃', user: 'u:?', password: '%@/', tls: { verify: 'off' } } as const;
    expect(settingsOfUrl(urlOf(settings))).toEqual(settings);
  });
});
