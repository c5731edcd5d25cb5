/** Whether the data were compared in this very execution, and found equal. */
import { blocker } from '../finding.ts';
import type { SwitchCheck } from './context.ts';

export const compared: SwitchCheck = {
  name: 'the comparison of the data',
  async find({ results }) {
    const result = results.CompareData as { readonly verdict?: unknown } | undefined;
    return blocker({
      code: 'NotCompared',
      objects: result?.verdict === 'done' ? [] : ['CompareData'],
      message: 'The data were not compared in this execution, so nothing says that everything has arrived.',
      remedy: 'Start Cutover, which compares them first.',
    });
  },
};
