/** One bundle serves every function: one asset to build, to upload and to trust. */
import { copyFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { buildSync } from 'esbuild';

const LAMBDAS = fileURLToPath(new URL('../lambdas', import.meta.url));

/** Built here, with esbuild: no Docker, and nothing is downloaded. */
export function stepCode(): Code {
  return Code.fromAsset(LAMBDAS, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      image: DockerImage.fromRegistry('unused'), // asked for by the type, used only where `tryBundle` says no
      local: {
        tryBundle(folder) {
          bundle(folder);
          return true;
        },
      },
    },
  });
}

/** Writes what a function consists of: the handler, the thread that runs pg_dump, and pg_dump (see `lambdas/adapters/pg-dump.ts`). */
export function bundle(folder: string): void {
  buildSync({
    entryPoints: { handler: join(LAMBDAS, 'handler.ts'), 'pg-dump-worker': join(LAMBDAS, 'adapters', 'pg-dump-worker.ts') },
    outdir: folder,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs', // an ESM bundle of pg would need a shim for `require`
    // CommonJS has no import.meta, by which pg_dump and its thread find their files.
    define: { 'import.meta.url': 'bundleUrl' },
    banner: { js: 'const bundleUrl = require("node:url").pathToFileURL(__filename).href;' },
    minify: true,
    sourcemap: true,
    sourcesContent: false, // stack traces want names and lines only
    external: ['pg-native'], // an optional part of pg that is not installed
    logLevel: 'warning',
  });
  const module = pgDumpModule();
  copyFileSync(module, join(folder, basename(module)));
}

function pgDumpModule(): string {
  return join(dirname(createRequire(import.meta.url).resolve('@electric-sql/pglite-tools/pg_dump')), 'pg_dump.wasm');
}
