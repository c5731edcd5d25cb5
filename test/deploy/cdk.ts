/** The real CDK command, as a person would give it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './processes.ts';
import { environmentFor, type Files, PROJECT } from './site.ts';

/** A stack's outputs, by name. */
export type Outputs = Readonly<Record<string, string>>;

export class Cdk {
  readonly #environment: Record<string, string>;
  readonly #files: Files;
  readonly #settings: readonly string[];

  /** @param settings the app's own, as they would follow `-c` */
  constructor(endpoint: string, files: Files, settings: Readonly<Record<string, string>>) {
    this.#environment = {
      ...environmentFor(endpoint, files),
      CI: 'true',
      CDK_DISABLE_VERSION_CHECK: '1',
      CDK_DISABLE_CLI_TELEMETRY: 'true',
    };
    this.#files = files;
    this.#settings = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  }

  /** The cloud assembly: templates and bundles. */
  get assembly(): string {
    return join(this.#files.folder, 'cdk.out');
  }

  /** Once for an account and a region. */
  async bootstrap(): Promise<void> {
    await this.#run(['bootstrap', '--output', this.assembly, ...this.#settings]);
  }

  async deploy(): Promise<Outputs> {
    const outputs = join(this.#files.folder, 'outputs.json');
    await this.#run(['deploy', '--output', this.assembly, '--require-approval', 'never', '--outputs-file', outputs, ...this.#settings]);
    const [stack] = Object.values(JSON.parse(readFileSync(outputs, 'utf8')) as Record<string, Outputs>);
    return stack ?? {};
  }

  /** From what was synthesized for {@link deploy}. */
  async destroy(): Promise<void> {
    await this.#run(['destroy', '--app', this.assembly, '--force']);
  }

  #run(words: readonly string[]): Promise<string> {
    const command = join(PROJECT, 'node_modules', '.bin', 'cdk');
    return run({ command, arguments: [...words, '--no-notices', '--ci'], environment: this.#environment, folder: PROJECT });
  }
}
