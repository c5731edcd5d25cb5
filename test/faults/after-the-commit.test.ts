import { ended, survivesFaults } from '../support/matrix.ts';

const goesOn = ended('SUCCEEDED', 'target');

survivesFaults('afterTheCommit', {
  'the function killed': goesOn,
  'the source failed over': goesOn,
  'the source failed over without its slots': { ...goesOn, final: false }, // no subscriber reads them any more
  'the target switched over': goesOn,
  'the target switched over without its slots': { ...goesOn, final: false }, // made anew, since nothing was written there yet
  'the network to the current side cut': goesOn,
  'the network to the new side cut': goesOn,
  'the replication password changed': goesOn,
  'DDL on the source': goesOn,
  'a straggling writer that ignores the fence': goesOn,
  'the execution aborted': ended('ABORTED', 'target'),
  'two executions at once': goesOn,
  'the slot dropped and re-created': goesOn,
});

/** Whether it is before or after the commit point is decided by what arrives. */
survivesFaults('atTheCommit', {
  'the function killed': goesOn, // the commit arrives without it
  'the network to the current side cut': ended('SwitchFailed', 'source', /in time|within the time/), // the commit arrives too late
  'the network to the new side cut': goesOn,
});
