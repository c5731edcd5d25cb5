/** Triggers, rules and event triggers: user code that could run a second time on the target. */
import { eventTriggers, rules, triggersUnderApply } from '../../schema/relations.sql.ts';
import { blocker, warning } from '../finding.ts';
import type { ReadinessCheck } from './context.ts';

export const triggers: ReadinessCheck = {
  name: 'triggers that fire under replication',
  async find({ source, input }) {
    const found = await source.query(triggersUnderApply(input));
    return blocker({
      code: 'TriggerFiresUnderApply',
      objects: found.map(({ object, mode }) => `${object} (${mode === 'A' ? 'enable always' : 'enable replica'})`),
      message:
        'These triggers also fire when the target applies a change. What they did on the source is replicated as well, so it would happen twice.',
      remedy:
        'Set them to the ordinary mode on the source for the time of the migration (alter table … enable trigger …), or exclude the tables.',
    });
  },
};

export const ruleChecks: ReadinessCheck = {
  name: 'rules',
  async find({ source, input }) {
    return warning({
      code: 'Rule',
      objects: (await source.query(rules(input))).map(({ object }) => object),
      message: 'Rules do not run when the target applies a change; what they did on the source arrives as changes of the tables concerned.',
      remedy: 'Nothing to do, unless a rule writes to a table that is excluded.',
    });
  },
};

export const eventTriggerChecks: ReadinessCheck = {
  name: 'event triggers',
  async find({ source }) {
    return warning({
      code: 'EventTrigger',
      objects: (await source.query(eventTriggers())).map(({ object }) => object),
      message:
        'Event triggers also run for what the migration creates on the source: a schema, a table and a publication. On a target that lets no role ' +
        'make any they stay behind, see LeftBehind.',
      remedy: 'Check that they let these be created. They stay in force on the source.',
    });
  },
};
