/**
 * The proof that roles may do on one side what they may on the other: what has_*_privilege says of everything that moves, for each carried role
 * and for PUBLIC, beside owners, memberships, default privileges and settings. A role that becomes ours on the target may do more there than it
 * did, so of ours only what it owns is compared.
 */
import type { Exclusions } from '../config/input.ts';
import type { Reader } from '../ports/database.ts';
import { workerSettings } from '../postgres/session-pins.sql.ts';
import { copyOn } from '../state/earlier-copy.ts';
import { lookAtGates } from '../state/gates.ts';
import type { AccessDifference } from './access-difference.ts';
import { type Compared, compareMemberships, compareOwners, compareRoles } from './compare-catalogs.ts';
import { compareDefaults, compareForeignGrants } from './compare-grants.ts';
import { compareRights } from './compare-rights.ts';
import { compareSettings } from './compare-settings.ts';
import { knownDifferences } from './known-differences.ts';
import { rolesCarried } from './mode.ts';
import { accessOn, mapRoles } from './role-map.ts';
import { keptSettings } from './settings.sql.ts';

/**
 * @param excluded what the input excludes beside what the copy left out
 * @returns what differs and is not known from the record of the copy; undefined where no roles were carried. Empty is the proof.
 */
export async function accessDifferences(
  source: Reader,
  target: Reader,
  excluded: Exclusions = { excludeSchemas: [], excludeTables: [] },
): Promise<AccessDifference[] | undefined> {
  const carried = await rolesCarried(target);
  const copy = await copyOn(target);
  if (!carried || !copy) return undefined;
  const exclusions = {
    excludeSchemas: [...excluded.excludeSchemas, ...copy.exclusions.excludeSchemas],
    excludeTables: [...excluded.excludeTables, ...copy.exclusions.excludeTables],
  };
  const [ofSource, ofTarget] = await Promise.all([accessOn(source, exclusions), accessOn(target, exclusions)]);
  const gates = await lookAtGates(source, target);
  const versions = { source: await source.version(), target: await target.version() };
  const compared: Compared = {
    source: ofSource,
    target: ofTarget,
    map: await mapRoles(ofSource, target),
    carried,
    versions,
    databases: { source: source.endpoint.database, target: target.endpoint.database },
    isShut: [gates.source, gates.target].some((gate) => gate !== undefined && gate.state !== 'open'),
    exclusions,
  };
  const settings = { source: await source.query(keptSettings()), target: await target.query(keptSettings()) };
  const isKnown = knownDifferences(copy.leftBehind);
  return [
    ...compareRoles(compared),
    ...compareOwners(compared),
    ...compareMemberships(compared),
    ...(await compareRights(source, target, compared)),
    ...compareForeignGrants(compared),
    ...compareDefaults(compared),
    ...compareSettings(compared, settings, Object.keys(workerSettings(Math.max(versions.source, versions.target)))),
  ].filter(({ recordedAs }) => !isKnown(recordedAs));
}
