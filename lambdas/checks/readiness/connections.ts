/** Connections that are free on both sides for the migration itself. */
import type { SideName } from '../../config/side-name.ts';
import type { Reader } from '../../ports/database.ts';
import { blocker, type Finding, warning } from '../finding.ts';
import { onBothSides } from '../known.ts';
import type { ReadinessCheck } from './context.ts';
import { connectionRoom } from './servers.sql.ts';
import { numberOf } from './settings.ts';
import { targetSettings } from './target-settings.ts';

/** A reading and a writing connection of a step, pg_dump, and as many again for a visit that overlaps with the end of the one before. */
const STEP_CONNECTIONS = 6;
/** Until 11 a walsender took one of max_connections; from 12 on walsenders are counted separately. */
const SENDERS_ARE_SEPARATE = 12;
/** Walsenders of the subscription and of a handful of tables at a time. */
const SENDERS = 5;

const MAX_CONNECTIONS = 'max_connections';

/** @param toCome max_connections as it will be. @default - as it is */
async function lookAt(side: SideName, reader: Reader, needed: number, toCome?: number): Promise<{ fixed: string[]; now: string[] }> {
  const [room] = await reader.query(connectionRoom());
  if (!room) throw new Error(`the ${side} does not show its connections`);
  const limits = [
    { name: 'max_connections', most: (toCome ?? room.most) - room.reserved, open: room.open },
    { name: 'connection limit of our role', most: room.roleLimit, open: room.roleOpen },
    { name: 'connection limit of the database', most: room.databaseLimit, open: room.databaseOpen },
  ].filter(({ most }) => most >= 0);
  const tell = ({ name, most, open }: (typeof limits)[number]) => `${side}: ${name} ${most}, ${open} open, ${needed} needed`;
  return {
    fixed: limits.filter(({ most }) => most < needed).map(tell),
    now: limits.filter(({ most, open }) => most >= needed && most - open < needed).map(tell),
  };
}

export const connections: ReadinessCheck = {
  name: 'connection limits of both sides',
  async find(ctx): Promise<Finding[]> {
    const { source, target, sourceVersion, input } = ctx;
    const senders = sourceVersion < SENDERS_ARE_SEPARATE ? SENDERS : 0;
    const needed = { source: STEP_CONNECTIONS + senders, target: STEP_CONNECTIONS + input.indexWorkers };
    const toCome = async (): Promise<number> => {
      const { values, told } = await targetSettings(ctx, [MAX_CONNECTIONS]);
      return told.has(MAX_CONNECTIONS) ? Number.POSITIVE_INFINITY : numberOf(values, MAX_CONNECTIONS);
    };
    const { found: sides, passedOver } = await onBothSides({ source, target }, async (reader, side) => [
      await lookAt(side, reader, needed[side], side === 'target' ? await toCome() : undefined),
    ]);
    return [
      ...blocker({
        code: 'ConnectionLimitTooLow',
        objects: sides.flatMap(({ fixed }) => fixed),
        message: 'The migration needs more connections at a time than this limit will ever allow.',
        remedy: 'Raise the limit (alter role … connection limit, alter database … connection limit, or max_connections).',
      }),
      ...warning({
        code: 'FewConnectionsFree',
        objects: sides.flatMap(({ now }) => now),
        message: 'Few connections are free at the moment; steps will wait and try again when one is refused.',
        remedy: 'Close idle connections or raise the limit.',
      }),
      ...passedOver,
    ];
  },
};
