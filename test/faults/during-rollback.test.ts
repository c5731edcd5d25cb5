import { ended, survivesFaults } from '../support/matrix.ts';

/** What is gone was the side being left's, which needs it no more; or it is made anew, since nothing was written yet. */
survivesFaults('afterTheRollback', {
  'the source failed over without its slots': { ...ended('SUCCEEDED', 'source'), final: false },
  'the target switched over without its slots': { ...ended('SUCCEEDED', 'source'), final: false },
});

const goesBack = ended('SUCCEEDED', 'source');
const stays = (says: RegExp) => ended('SwitchFailed', 'target', says);

survivesFaults('duringRollback', {
  'the function killed': stays(/interrupted while the target was fenced/),
  'the source failed over': stays(/connection/i),
  'the target switched over': stays(/connection/i),
  'the network to the current side cut': stays(/in time|within the time/),
  'the network to the new side cut': stays(/in time|within the time/),
  'the replication password changed': stays(/stream was interrupted/),
  'DDL on the source': goesBack,
  'a straggling writer that ignores the fence': goesBack,
  'the execution aborted': ended('ABORTED', 'target'),
  'two executions at once': goesBack,
  'the target switched over without its slots': stays(/connection/i),
  'the slot dropped and re-created': stays(/stream was interrupted/),
});
