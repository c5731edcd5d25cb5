/** One setting against what the work needs: enough, a change, or why it cannot be changed. */
import type { MigrationInput } from '../config/input.ts';
import type { ClusterParameter } from '../ports/planetscale.ts';
import type { SettingNeed } from './needs.ts';
import type { TargetServer } from './server.ts';
import { KINDS, type SettingName } from './settings.ts';
import { apiValueOf, settingOf, suffices } from './values.ts';

/** One parameter to change. */
export interface PlannedChange {
  readonly namespace: string;
  readonly name: string;
  /** As the API has it. */
  readonly from: string;
  readonly to: string;
  /** As pg_settings will have it; undefined for what is no setting of PostgreSQL's. */
  readonly setting: string | undefined;
  readonly restarts: boolean;
  /** Whether the migration cannot run without it. */
  readonly isRequired: boolean;
  /** As the rest of a sentence that begins with "for". */
  readonly why: string;
}

/** What is lacking and cannot be changed, or not now. */
export interface Obstacle {
  /** Such as `max_worker_processes = 2, 4 needed`. */
  readonly what: string;
  /** A sentence: why, and what a person has to do. */
  readonly remedy: string;
  /** Whether the migration cannot run without it. */
  readonly isRequired: boolean;
}

/** A setting whose value by the API is not the server's. */
export interface NotInForce {
  readonly name: string;
  readonly configured: string;
  readonly server: string;
  readonly isRequired: boolean;
}

/** What becomes of one need; empty where nothing is lacking. */
export interface Outcome {
  readonly change?: PlannedChange;
  readonly obstacle?: Obstacle;
  readonly notInForce?: NotInForce;
}

export function judgeSetting(
  { name, least, enough, to, why }: SettingNeed,
  now: string | undefined,
  parameter: ClusterParameter | undefined,
  { server, input }: { readonly server: TargetServer | undefined; readonly input: MigrationInput },
): Outcome {
  const kind = KINDS[name];
  if (suffices(kind, now, enough)) return {};
  const isRequired = least !== undefined && !suffices(kind, now, least);
  const lacking = (remedy: string): Outcome => ({
    obstacle: {
      what: `${name} = ${now ?? 'unknown'}, ${isRequired ? least : enough} ${isRequired ? 'needed' : 'better'} for ${why}`,
      remedy,
      isRequired,
    },
  });
  if (!parameter || parameter.isImmutable)
    return lacking("PlanetScale's API does not let it be changed: ask PlanetScale's support, or take a larger size.");
  const { namespace, value, restarts } = parameter;
  const by = settingOf(kind, value);
  if (server && suffices(kind, by, enough)) {
    return { notInForce: { name, configured: value, server: now ?? 'unknown', isRequired } };
  }
  const most = parameter.max !== undefined && kind !== 'word' && kind !== 'switch' ? largest(kind, parameter) : undefined;
  const wanted = most !== undefined && Number(to) > most ? String(most) : to;
  const isOffered = kind !== 'word' || !parameter.options || parameter.options.includes(wanted);
  if (
    !isOffered ||
    (least !== undefined && !suffices(kind, wanted, least)) ||
    (now !== undefined && kind !== 'switch' && kind !== 'word' && suffices(kind, now, wanted))
  ) {
    return lacking(`PlanetScale allows no more than ${most ?? parameter.options?.join(', ')} at this size: take a larger one.`);
  }
  if (restarts && !mayRestart(server, input, isRequired)) return lacking(whyNoRestart(server));
  return { change: { namespace, name, from: value, to: apiValueOf(kind, wanted, parameter), setting: wanted, restarts, isRequired, why } };
}

/** The parameter's maximum as pg_settings would have it. */
const largest = (kind: (typeof KINDS)[SettingName], { max, value }: ClusterParameter): number | undefined => {
  const setting = kind === 'megabytes' && /[a-z]$/i.test(value.trim()) ? undefined : settingOf(kind, String(max));
  return setting === undefined ? undefined : Number(setting);
};

/** Nothing of others is disturbed without consent, and a copy that has begun is not for what would only be better. */
export function mayRestart(server: TargetServer | undefined, { restart }: MigrationInput, isRequired: boolean): boolean {
  if (!server) return true;
  const { copyHasBegun, others } = server.disturbed;
  if (copyHasBegun) return isRequired && restart === 'now';
  return others.length === 0 || restart === 'now';
}

/** @param what begins the sentence, and ends connections */
export function whyNoRestart(server: TargetServer | undefined, what = 'It takes a restart, which'): string {
  const { copyHasBegun = false, others = [] } = server?.disturbed ?? {};
  const served = [...(copyHasBegun ? ['the copy of this migration, which has begun'] : []), ...others];
  return (
    `${what} ends every connection, and the cluster serves ${served.join(', ')}. Nothing was restarted. Start again when nobody ` +
    'is connected, or consent with {"restart": "now"}.'
  );
}
