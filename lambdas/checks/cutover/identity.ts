/** Whether the application could still update its tables once they are published on the side switched to. */
import { keyOf } from '../../config/tables.ts';
import { isWanting } from '../../replication/identity/choice.ts';
import { identities } from '../../replication/identity/identity.sql.ts';
import { blocker, type Finding } from '../finding.ts';
import type { SwitchCheck } from './context.ts';

export const replicaIdentity: SwitchCheck = {
  name: 'replica identities for the next stream',
  async find({ input, to, history, exclusions }): Promise<readonly Finding[]> {
    if (input.reverse === false || !history.publication) return [];
    const published = new Set(history.publication.tables.map(keyOf));
    const tables = await to.reader.query(identities(exclusions, to.version));
    return blocker({
      code: 'NoReplicaIdentityThere',
      objects: tables.filter((table) => published.has(keyOf(table)) && isWanting(table)).map(({ object }) => object),
      message:
        `On the ${to.name} these tables have no usable replica identity. The stream back publishes them there, and UPDATE and DELETE of the ` +
        'application would fail, or would not be found on the other side.',
      remedy:
        'Give them the replica identity that they have on the other side, where version 18 takes it: it refuses FULL on tables with a generated ' +
        'column. Or switch with {"reverse": false}, without a way back.',
    });
  },
};
