/** In which order test files are started, so that no long one is left for the end, when the other workers have nothing to do. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Whole migrations: they take a minute or two, and are short to read, by which Vitest would put them last. */
const LONG = /\/test\/(rehearsal|faults|walks)\//;

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isShort = ({ moduleId }: TestSpecification): number => (LONG.test(moduleId) ? 0 : 1);
    return (await super.sort(files)).toSorted((a, b) => isShort(a) - isShort(b));
  }
}
