/** Functions that lean on a search_path where there is none. */
import { functionsWithoutPath as withoutPath } from '../sql/functions-without-path.ts';
import { type Check, listed } from './findings.ts';

export const functionsWithoutPath: Check = {
  name: 'functions that lean on a search_path',
  async find({ source, input }) {
    const found = await source.query(withoutPath(input));
    return listed({
      code: 'FunctionWithoutPath',
      severity: 'warning',
      objects: found.map(({ object, from, names }) => `${object} names ${names} without a schema; reached from ${from}`),
      message:
        'Checks, indexes, defaults, generated columns and materialized views call these functions. On the target they run while rows are copied and ' +
        'applied and while indexes are built, under an empty search_path, in which they would not find what they name. So CopySchema gives the ' +
        'functions on the target the search_path of the source, unless the input says "searchPath": "as-is".',
      remedy:
        'Nothing, if that path is right for them. To be sure of it, set it on the source (alter function … set search_path = …), or name the schemas ' +
        'in their bodies.',
    });
  },
};
