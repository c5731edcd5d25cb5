/** Whether a server would record the statements that carry the replication role's password or its verifier. */
import { StatementFailed } from '../../config/errors.ts';
import type { Reader } from '../../ports/database.ts';
import { ownRole } from '../../postgres/roles.sql.ts';
import { keepQuiet, type Recorder, recorders, tryQuiet } from '../../postgres/silence.sql.ts';
import { INSUFFICIENT_PRIVILEGE } from '../../postgres/sqlstates.ts';
import { warning } from '../finding.ts';
import { onBothSides } from '../known.ts';
import type { ReadinessCheck } from './context.ts';

/** Determined by trying: managed services let roles do more than plain PostgreSQL. */
async function mayQuiet(reader: Reader, recorder: Recorder): Promise<boolean> {
  try {
    await reader.query(tryQuiet(recorder));
    return true;
  } catch (error) {
    if (error instanceof StatementFailed && error.complaint.code === INSUFFICIENT_PRIVILEGE) return false;
    throw error;
  }
}

async function loudOn(reader: Reader): Promise<Recorder[]> {
  const loud: Recorder[] = [];
  for (const recorder of await reader.query(recorders())) if (!(await mayQuiet(reader, recorder))) loud.push(recorder);
  return loud;
}

export const recordedSecrets: ReadinessCheck = {
  name: 'what the servers keep of statements',
  async find({ source, target }) {
    const { found: all, passedOver } = await onBothSides({ source, target }, async (reader) => {
      const loud = await loudOn(reader);
      const [own] = loud.length > 0 ? await reader.query(ownRole()) : [];
      return loud.map((recorder) => ({ recorder, role: own?.name ?? '' })); // a login at PlanetScale is no name of a role
    });
    const findings = warning({
      code: 'SecretsRecorded',
      objects: all.map(({ side, recorder: { name, value } }) => `${side}: ${name} = ${value}`),
      message:
        'With these settings, which our role may not change, the server keeps statements with everything in them: its log, or the extension ' +
        'that is named, would hold the password with which one side streams from the other, readable for every role that reads those.',
      remedy:
        'Have a superuser of that side switch them off for our role alone, or in its parameters for the time being; or restrict who reads its ' +
        'log and statistics, and start Rotation once they are switched off.',
      statements: all.map(({ side, role, recorder }) => `${keepQuiet(role, recorder)} -- on the ${side}`),
    });
    return [...findings, ...passedOver];
  },
};
