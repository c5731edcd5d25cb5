/** Fills the source before anything moves. */
import pg from 'pg';
import { clientConfig } from '../../lambdas/adapters/connection-settings.ts';
import { loadDump } from './dump/load-dump.ts';
import type { RehearsalOptions } from './options.ts';
import type { Progress } from './progress.ts';
import { loadShop } from './shop/load.ts';
import type { Sides } from './sides.ts';
import { createOwnTables, OWN_SUBJECTS } from './workload/own-subjects.ts';
import { SHOP_SUBJECTS } from './workload/shop-subjects.ts';
import type { Subject } from './workload/subject.ts';

/** Fills the source, and lets the application in. @returns what the writers will write about */
export async function prepare(options: RehearsalOptions, progress: Progress, sides: Sides): Promise<readonly Subject[]> {
  const subjects = await fill(options, progress, sides);
  await sides.letApplicationIn('source');
  return subjects;
}

async function fill(options: RehearsalOptions, progress: Progress, sides: Sides): Promise<readonly Subject[]> {
  const writes = options.writers > 0 && options.until !== 'Preflight';
  if (sides.servers.source && options.sourceDump === undefined) {
    progress.say(`Loading the sample shop, ${options.rows.toLocaleString('en')} rows in its largest table`);
    await loadShop(sides.source, options.rows);
    return writes ? SHOP_SUBJECTS : [];
  }
  if (options.sourceDump !== undefined) {
    progress.say(`Loading ${options.sourceDump}`);
    const notes = await loadDump({ path: options.sourceDump, source: sides.source, createRole: sides.createRole });
    for (const note of notes) progress.say(`Passed over: ${note}`);
  }
  if (!writes) return [];
  const client = new pg.Client(clientConfig(sides.source, 'rehearsal preparation'));
  await client.connect();
  try {
    for (const { text } of createOwnTables()) await client.query(text);
  } finally {
    await client.end();
  }
  return OWN_SUBJECTS;
}
