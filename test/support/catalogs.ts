/** What a clean-up has to leave as it was, as the superuser sees it. */
import { type Catalogs, catalogsOf as lookAtCatalogs } from '../../rehearsal/inventory/catalogs.ts';
import type { Sql } from './world.ts';

/** @returns by subject; numbers of objects are left out where they may differ */
export const catalogsOf = (sql: Sql): Promise<Catalogs> =>
  lookAtCatalogs(
    async <Row>({ text, values }: { readonly text: string; readonly values: readonly unknown[] }) => (await sql(text, values)) as Row[],
  );
