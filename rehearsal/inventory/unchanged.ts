/** Whether both servers and the cluster around the source are again what they were before the first machine, but for the copy on the target. */
import { REPLICATION_ROLE } from '../../lambdas/config/names.ts';
import type { Cluster } from '../../lambdas/ports/cluster.ts';
import { withoutCarried } from './carried.ts';
import { APART_FROM_COPIES, type Catalogs, catalogsOf, changesBetween } from './catalogs.ts';
import { entriesOfCluster } from './cluster.ts';
import { lookAtBoth } from './look.ts';

export interface CatalogComparison {
  /** Number of catalog entries that were compared, on both sides together; 0 where none were. */
  readonly compared: number;
  /** Entries that were left, are gone or have changed, each by side and name. */
  readonly different: readonly string[];
}

export interface BothCatalogs {
  readonly source: Catalogs;
  readonly target: Catalogs;
}

/** @param sides with the control plane of the source, where it is to be looked at, too */
export const catalogsOfBoth = (sides: Parameters<typeof lookAtBoth>[0] & { readonly cluster?: Cluster }): Promise<BothCatalogs> =>
  lookAtBoth(sides, async ({ source, target }) => ({
    source: { ...(await catalogsOf(source)), ...(sides.cluster && { cluster: await entriesOfCluster(sides.cluster) }) },
    target: await catalogsOf(target, [...APART_FROM_COPIES, 'schemas']),
  }));

/** The role that replicates may be there beforehand, as Preflight asks for in some cases, and goes with the migration. */
const withoutOurRole = (catalogs: Catalogs): Catalogs =>
  Object.fromEntries(
    Object.entries(catalogs).map(([subject, entries]) => [subject, entries.filter(({ name }) => !name.includes(REPLICATION_ROLE))]),
  );

/** @param carried where roles, grants and settings were carried: the role that the application logs in as, as SQL writes it, if it was given a login */
export function compareCatalogs(
  earlier: BothCatalogs,
  after: BothCatalogs,
  carried?: { readonly login?: string | undefined },
): CatalogComparison {
  const before = { source: withoutOurRole(earlier.source), target: withoutOurRole(earlier.target) };
  const copied = new Set(after.source.schemas?.map(({ name }) => name));
  const withoutCopies = ({ schemas = [], ...others }: Catalogs): Catalogs => ({
    ...others,
    schemas: schemas.filter(({ name }) => !copied.has(name)),
  });
  const target = carried ? withoutCarried(before.target, after.target, before.source, carried.login) : after.target;
  const entries = [...Object.values(before.source), ...Object.values(before.target)];
  return {
    compared: entries.reduce((sum, one) => sum + one.length, 0),
    different: [
      ...changesBetween(before.source, after.source).map((change) => `source, ${change}`),
      ...changesBetween(withoutCopies(before.target), withoutCopies(target)).map((change) => `target, ${change}`),
    ],
  };
}
