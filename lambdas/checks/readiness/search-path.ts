/** Functions that resolve names by a search_path, and are run where there is none. Catalogs and bodies are read; nothing is run. */
import { givePath } from '../../schema/search-paths.sql.ts';
import { pathsToGive } from '../../schema/search-paths.ts';
import { warning } from '../finding.ts';
import type { ReadinessCheck } from './context.ts';

const WHERE =
  'They are reached from checks, types, generated columns, partition keys, indexes, materialized views or triggers that fire while changes are ' +
  'applied, which the target evaluates with an empty search_path.';

export const searchPath: ReadinessCheck = {
  name: 'functions that lean on a search_path',
  async find({ source, input }) {
    const paths = await pathsToGive(source, input);
    const objects = paths.map(({ routine, path }) => `${routine}: ${path.join(', ')}`);
    const statements = paths.map((path) => `${givePath(path)};`);
    return input.searchPath === 'as-is'
      ? warning({
          code: 'FunctionLeansOnPath',
          objects,
          message: `These functions seem to name something without its schema. ${WHERE} Nothing is done about it, since the input says "searchPath": "as-is".`,
          remedy: 'TrySample says before the copy which of them fail. Give them the path on the source, or leave out "searchPath".',
          statements,
        })
      : warning({
          code: 'FunctionGetsPath',
          objects,
          message: `These functions seem to name something without its schema. ${WHERE} So on the target, and there only, each gets the path that it has on the source.`,
          remedy:
            'Nothing has to be done for the copy. ' +
            (input.reverse === false
              ? ''
              : 'The stream back is applied on the source, which evaluates them without a path as well: run these there before a switch, or there is no way back once a row needs them. ') +
            'A function with a path of its own is not inlined, which can make a query slower: where that matters, qualify the names in it instead, or say "searchPath": "as-is".',
          statements,
        });
  },
};
