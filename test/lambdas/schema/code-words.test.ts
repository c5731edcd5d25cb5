import { describe, expect, it } from 'vitest';
import { isAlike } from '../../../lambdas/schema/code-words.ts';

const words = (text: string) => ({ object: 'x', words: text, body: null });

describe('two servers of different versions (#11)', () => {
  it.each([
    [
      'have the same grants where only 17 knows MAINTAIN',
      'insert to app, select to app',
      'insert to app, maintain to app, select to app',
      true,
    ],
    ['differ in a grant that both versions know', 'select to app', 'insert to app, select to app', false],
    ['differ in a grantee', 'select to app', 'select to other', false],
  ])('%s', (_, here, there, alike) => {
    expect(isAlike('grants on table shop.item', words(here), words(there))).toBe(alike);
  });

  it('differ in a function, even where its body mentions MAINTAIN', () => {
    expect(isAlike('function shop.f()', words('select to app'), words('maintain to app, select to app'))).toBe(false);
  });
});
