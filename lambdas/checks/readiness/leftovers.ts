/**
 * Slots, publications and subscriptions that exist before the migration begins. Objects of our own belong to an attempt that continues, if
 * the target records that it took the schema over from us; without that they are leftovers, and continuing from them could lose changes.
 */
import {
  dropSlot,
  dropSubscription,
  publicationsThere,
  type SlotFacts,
  slotsThere,
  subscriptionsThere,
} from '../../cleanup/leftovers.sql.ts';
import { EMPTY_PUBLICATION, PREFIX, PUBLICATION, subscriptionName } from '../../config/names.ts';
import { wantedSince } from '../../schema/exclusions.ts';
import { copyOn, identityOf } from '../../state/earlier-copy.ts';
import { blocker, warning } from '../finding.ts';
import type { ReadinessCheck } from './context.ts';
import { settings } from './servers.sql.ts';

export const earlierAttempt: ReadinessCheck = {
  name: 'schema copy of an earlier attempt',
  async find({ source, target, input }) {
    const copy = await copyOn(target);
    if (!copy) return [];
    const copied = `${copy.sourceDatabase}, copied ${copy.copiedAt.toISOString()}`;
    if (copy.sourceIdentity !== (await identityOf(source))) {
      return [
        {
          code: 'TargetHoldsAnotherDatabase',
          severity: 'blocker',
          objects: [copied],
          message: `The target holds the schema of another source than this database, ${source.endpoint.database}.`,
          remedy: 'Correct the secret that is wrong, or run Cleanup for the other migration and empty the target.',
        },
      ];
    }
    return [
      {
        code: 'ContinuesEarlierAttempt',
        severity: 'warning',
        objects: [copied],
        message: 'The target holds the schema from an earlier attempt, which this one continues.',
        remedy: 'To begin anew instead, run Cleanup and empty the target.',
      },
      ...blocker({
        code: 'WantedSinceTheCopy',
        objects: wantedSince(copy.exclusions, input),
        message: 'The schema was copied without these, and the input no longer excludes them.',
        remedy: 'Exclude the same as before, or run Cleanup and empty the target.',
      }),
    ];
  },
};

const held = ({ name, database, heldBytes, walStatus }: SlotFacts): string =>
  `${name} (database ${database ?? 'none'}, ${heldBytes ?? 0} bytes of WAL held${walStatus === null ? '' : `, ${walStatus}`})`;

export const slots: ReadinessCheck = {
  name: 'replication slots on the source',
  async find({ source, target }) {
    const ours = subscriptionName(source.endpoint.database);
    const found = await source.query(slotsThere());
    const continues = (await copyOn(target)) !== undefined;
    const own = found.filter(({ name }) => name === ours);
    const others = found.filter(({ name }) => name !== ours);
    const siblings = others.filter(({ name }) => name.startsWith(`${PREFIX}_`));
    const foreign = others.filter((slot) => !siblings.includes(slot));
    return [
      ...blocker({
        code: 'LeftoverSlot',
        objects: continues ? [] : own.map(held),
        message: 'A slot of an earlier attempt is there, but the target has nothing of that attempt. Going on from it could lose changes.',
        remedy: 'Run Cleanup, or drop the slot by hand on the source.',
        statements: own.map(({ name }) => dropSlot(name)),
      }),
      ...blocker({
        code: 'SlotLost',
        objects: continues ? own.filter(({ walStatus }) => walStatus === 'lost').map(held) : [],
        message: 'The slot of the earlier attempt has fallen too far behind, and the WAL it needed is gone. It cannot be continued.',
        remedy: 'Run Cleanup, empty the target, raise max_slot_wal_keep_size on the source, and start anew.',
      }),
      ...warning({
        code: 'SlotOfAnotherMigration',
        objects: siblings.map(held),
        message: 'These slots belong to migrations of other databases of this server. An abandoned one fills the disk.',
        remedy: 'Run Cleanup for those that are over.',
      }),
      ...warning({
        code: 'InactiveSlot',
        objects: foreign.filter(({ active }) => !active).map(held),
        message: 'These slots have no reader, and each keeps WAL on the source for ever.',
        remedy: 'Drop those that no reader will come back to (select pg_drop_replication_slot(…)).',
      }),
      ...warning({
        code: 'ForeignSlot',
        objects: foreign.filter(({ active }) => active).map(held),
        message: 'Others replicate from this server too. What they replicate goes on from the source only, not from the target.',
        remedy: 'Plan how their subscribers move to the target.',
      }),
    ];
  },
};

const namesOf = (rows: readonly { name: string }[]): string[] => rows.map(({ name }) => name);

export const publications: ReadinessCheck = {
  name: 'publications and subscriptions on the source',
  async find({ source }) {
    return [
      ...warning({
        code: 'ForeignPublication',
        objects: namesOf(await source.query(publicationsThere())).filter((name) => name !== PUBLICATION && name !== EMPTY_PUBLICATION),
        message: 'These publications of others are not copied to the target.',
        remedy: 'Create them on the target after the cutover if their subscribers move with the database.',
      }),
      ...warning({
        code: 'SourceSubscribes',
        objects: namesOf(await source.query(subscriptionsThere())).filter(
          (name) => name !== subscriptionName(source.endpoint.database, 'reverse'),
        ),
        message:
          'The source receives changes from elsewhere. They reach the target by way of the source until the cutover, and not after it.',
        remedy: 'Plan how these subscriptions move to the target.',
      }),
    ];
  },
};

export const subscriptions: ReadinessCheck = {
  name: 'subscriptions on the target',
  async find({ source, target }) {
    const ours = subscriptionName(source.endpoint.database);
    const found = namesOf(await target.query(subscriptionsThere()));
    const continues = (await copyOn(target)) !== undefined;
    return [
      ...blocker({
        code: 'LeftoverSubscription',
        objects: continues ? [] : found.filter((name) => name === ours),
        message: 'A subscription of an earlier attempt is there, but nothing else of that attempt. Its tables may be gone.',
        remedy: 'Run Cleanup, or drop the subscription by hand on the target.',
        statements: dropSubscription(ours),
      }),
      ...warning({
        code: 'ForeignSubscription',
        objects: found.filter((name) => name !== ours),
        message: 'The target database has other subscriptions. They take workers, and may write into the tables that are copied.',
        remedy: 'Drop those that are not needed.',
      }),
    ];
  },
};

export const slotLimits: ReadinessCheck = {
  name: 'limits on the WAL that a slot may keep',
  async find({ source }) {
    const [limit] = await source.query(settings(['max_slot_wal_keep_size']));
    return warning({
      code: 'SlotMayBeLost',
      objects: limit === undefined || limit.value === '-1' ? [] : [`max_slot_wal_keep_size = ${limit.value} MB`],
      message: 'A slot that falls further behind than this is given up, and the migration would have to begin anew.',
      remedy: 'Set it to -1 for the time of the migration if the disk allows, or well above the WAL that is written during the copy.',
    });
  },
};
