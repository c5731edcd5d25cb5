/** One bundle serves every function: one asset to build, to upload and to trust. */
import { join } from 'node:path';
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

/** Writes what a function consists of. */
export function bundle(folder: string): void {
  buildSync({
    entryPoints: { handler: join(LAMBDAS, 'handler.ts') },
    outdir: folder,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs', // an ESM bundle of pg would need a shim for `require`
    minify: true,
    sourcemap: true,
    sourcesContent: false, // stack traces want names and lines only
    external: ['pg-native'], // an optional part of pg that is not installed
    logLevel: 'warning',
  });
}
