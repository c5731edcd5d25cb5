/** Passwords where none may be: in every log, every event of every execution, every template and every function's settings. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { MACHINE_NAMES } from '../../lambdas/engine/machines.ts';
import { linesOf, logGroups } from './logs.ts';
import type { DeployedMachinery } from './machinery.ts';
import type { Clients } from './site.ts';

export interface Searched {
  readonly clients: Clients;
  readonly machinery: DeployedMachinery;
  readonly functions: readonly string[];
  /** Folder with the templates that were deployed. */
  readonly assembly: string;
  /** Other texts, by where they are. */
  readonly others: Readonly<Record<string, string>>;
  /** By whose they are. */
  readonly passwords: Readonly<Record<string, string>>;
}

export interface Search {
  /** Characters that were looked through; none would prove nothing. */
  readonly characters: number;
  /** Whose password was found, and where. */
  readonly found: readonly string[];
}

export async function searchForPasswords(searched: Searched): Promise<Search> {
  const found = new Set<string>();
  let characters = 0;
  for await (const { where, text } of texts(searched)) {
    characters += text.length;
    for (const [whose, password] of Object.entries(searched.passwords)) {
      if (formsOf(password).some((form) => text.includes(form))) found.add(`The password of the ${whose} is in ${where}.`);
    }
  }
  return { characters, found: [...found] };
}

/** As it is, within JSON, and within a URL. */
const formsOf = (password: string): string[] => [password, JSON.stringify(password).slice(1, -1), encodeURIComponent(password)];

interface Text {
  readonly where: string;
  readonly text: string;
}

async function* texts({ clients, machinery, functions, assembly, others }: Searched): AsyncGenerator<Text> {
  for (const [where, text] of Object.entries(others)) yield { where, text };
  for (const group of await logGroups(clients)) yield { where: `the log ${group}`, text: (await linesOf(clients, group)).join('\n') };
  for (const name of MACHINE_NAMES) {
    for (const { executionArn = '' } of await machinery.executionsOf(name)) {
      yield { where: `an execution of ${name}`, text: JSON.stringify(await machinery.eventsOf(executionArn)) };
      for (const child of await machinery.childrenOf(executionArn))
        yield { where: `a worker of ${name}`, text: JSON.stringify(await machinery.eventsOf(child.executionArn ?? '')) };
    }
  }
  for (const FunctionName of functions) {
    const settings = await clients.functions.send(new GetFunctionConfigurationCommand({ FunctionName }));
    yield { where: `the settings of ${FunctionName}`, text: JSON.stringify(settings) };
  }
  for (const file of readdirSync(assembly).filter((name) => name.endsWith('.json'))) {
    yield { where: `the file ${file} of the deployment`, text: readFileSync(join(assembly, file), 'utf8') };
  }
}
