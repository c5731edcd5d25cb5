import { ended, survivesFaults } from '../support/matrix.ts';

const goesOn = ended('SUCCEEDED', 'target');
const stays = (says: RegExp) => ended('SwitchFailed', 'source', says);

survivesFaults('insideTheFence', {
  'the function killed': stays(/interrupted while the source was fenced/),
  'the source failed over': stays(/connection/i),
  'the target switched over': stays(/connection/i),
  'the network to the current side cut': stays(/in time|within the time/),
  'the network to the new side cut': stays(/in time|within the time/),
  'the replication password changed': stays(/stream was interrupted/),
  'DDL on the source': stays(/stream was interrupted/),
  'a straggling writer that ignores the fence': goesOn,
  'the execution aborted': ended('ABORTED', 'source'),
  'two executions at once': goesOn,
  'the source failed over without its slots': stays(/connection/i),
  'the slot dropped and re-created': stays(/stream was interrupted/),
});
