/**
 * Two bundles: one serves every function of the migration, and one the function that writes reports, whose charts would double what each cold start of
 * a step reads.
 */
import { copyFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { type BuildOptions, buildSync } from 'esbuild';

const LAMBDAS = fileURLToPath(new URL('../lambdas', import.meta.url));

/** Of the functions of the migration. */
export const stepCode = (): Code => codeOf('steps', bundle);
/** Of the function that writes reports. */
export const reportCode = (): Code => codeOf('report', bundleReport);

/** Built here, with esbuild: no Docker, and nothing is downloaded. @param write writes the files into a folder */
function codeOf(name: string, write: (folder: string) => void): Code {
  return Code.fromAsset(LAMBDAS, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      image: DockerImage.fromRegistry('unused'), // required by the type, used only where `tryBundle` returns false
      environment: { BUNDLE: name }, // by which the CDK tells one bundle of a folder from another
      local: {
        tryBundle(folder) {
          write(folder);
          return true;
        },
      },
    },
  });
}

/** Options of both passes. */
const COMMON = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  mainFields: ['module', 'main'], // of CommonJS nothing can be left out, and the AWS clients are mostly operations that are never called
  // CommonJS has no import.meta, with which pg_dump and its thread find their files.
  define: { 'import.meta.url': 'bundleUrl' },
  external: ['pg-native'], // an optional part of pg that is not installed
  sourcesContent: false, // stack traces want names and lines only
  logLevel: 'warning',
} as const satisfies BuildOptions;

/** Options of the uploaded bundle. CommonJS, because an ESM bundle of pg would need a shim for `require`. */
const FINAL = {
  ...COMMON,
  format: 'cjs',
  banner: { js: 'const bundleUrl = require("node:url").pathToFileURL(__filename).href;' },
  minify: true,
  sourcemap: true,
} as const satisfies BuildOptions;

/** Writes the files of a function: the handler, the thread that runs pg_dump, and pg_dump (see `lambdas/adapters/pg-dump`). */
export function bundle(folder: string): void {
  buildSync({
    ...FINAL,
    stdin: { contents: withoutUnusedOperations(join(LAMBDAS, 'handlers', 'index.ts')), resolveDir: LAMBDAS, sourcefile: 'handler.js' },
    outfile: join(folder, 'handler.js'),
  });
  buildSync({ ...FINAL, entryPoints: { 'pg-dump-worker': join(LAMBDAS, 'adapters', 'pg-dump', 'pg-dump-worker.ts') }, outdir: folder });
  const module = pgDumpModule();
  copyFileSync(module, join(folder, basename(module)));
}

/** Writes the one file of the function that writes reports. */
export function bundleReport(folder: string): void {
  buildSync({
    ...FINAL,
    stdin: { contents: withoutUnusedOperations(join(LAMBDAS, 'handlers', 'report.ts')), resolveDir: LAMBDAS, sourcefile: 'report.js' },
    outfile: join(folder, 'handler.js'),
  });
}

/** Comment with which esbuild begins a file in its output; here, the descriptions of all operations of an AWS client. */
const SCHEMAS = /^\/\/ \S*\/client-([\w-]+)\/dist-es\/schemas\/schemas_\d+\.js$/;
const ANY_FILE = /^\/\/ \S+\.(?:[cm]?js|ts)$/;
/** Introduces the class of one error to its client. */
const ERROR_CLASS = /^n0_registry\d*\.registerError\(\w+\$\d*, (\w+)\);$/;
/**
 * Clients whose errors need no class where our code names none: without one an error has the name that the service gives it, which is that of
 * the class. (RDS's and EC2's have others on the wire. EC2 has no classes.)
 */
const NAMED_BY_SERVICE = new Set(['elastic-load-balancing-v2', 'lambda', 'secrets-manager', 'sfn', 'sns']);
const CONSTANT = /^var (_\w+) = ("[^"]*");$/;

/**
 * The clients describe their operations in literals such as `{ [_xN]: _Fil }`, and esbuild keeps an unused one, because a computed key might
 * do something when it is evaluated. These are constant texts. With the texts in place of their names everything unused can go: of EC2, which
 * has some 800 operations, that is half a megabyte.
 */
function withoutUnusedOperations(entry: string): string {
  const pass = buildSync({ ...COMMON, entryPoints: [entry], format: 'esm', sourcemap: 'inline', write: false, outdir: LAMBDAS });
  let client: string | undefined;
  let isOurs = false;
  const all = (pass.outputFiles[0]?.text ?? '').split('\n').map((line) => {
    if (ANY_FILE.test(line)) [client, isOurs] = [SCHEMAS.exec(line)?.[1], !line.includes('node_modules')];
    return { line, client, isOurs };
  });
  const named = new Set(all.flatMap(({ line, isOurs: ours }) => (ours ? (line.match(/\w+/g) ?? []) : [])));
  const lines = all.map(({ line, client: of }) => {
    const [, error] = of !== undefined && NAMED_BY_SERVICE.has(of) ? (ERROR_CLASS.exec(line) ?? []) : [];
    return { line: error === undefined || named.has(error) ? line : '', inSchemas: of !== undefined };
  });
  const constants = new Map(
    lines.flatMap(({ line, inSchemas: within }) => (within ? [CONSTANT.exec(line)?.slice(1, 3) ?? []] : [])) as [string, string][],
  );
  const text = (key: string, name: string): string => (constants.has(name) ? `${constants.get(name)}:` : key);
  return lines.map(({ line, inSchemas: within }) => (within ? line.replace(/\[(_\w+)\]:/g, text) : line)).join('\n');
}

function pgDumpModule(): string {
  return join(dirname(createRequire(import.meta.url).resolve('@electric-sql/pglite-tools/pg_dump')), 'pg_dump.wasm');
}
