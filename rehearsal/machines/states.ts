/** The states of a definition, those of the children of its maps included. */
import type { StateMachineDefinition } from 'aws-local-stepfunctions';

type Definition = Pick<StateMachineDefinition, 'States'>;
export type State = StateMachineDefinition['States'][string];

/** What the children of a map run. */
const childrenOf = (state: State): Definition | undefined => (state.Type === 'Map' ? state.ItemProcessor : undefined);

/** Every state by its name, which is unique within a machine. A map comes before the states of its children. */
export const statesOf = ({ States }: Definition): [name: string, state: State][] =>
  Object.entries(States).flatMap(([name, state]) => {
    const children = childrenOf(state);
    return [[name, state] as [string, State], ...(children ? statesOf(children) : [])];
  });

/** A value for each state of a type, by the state's name, as overrides of the interpreter want it. */
export const eachState = <Value>(definition: Definition, type: State['Type'], value: Value): Record<string, Value> =>
  Object.fromEntries(statesOf(definition).flatMap(([name, { Type }]) => (Type === type ? [[name, value]] : [])));
