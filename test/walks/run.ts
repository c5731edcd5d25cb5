/** `npm run test:walks [seed]`: other walks than those of `npm test`. Prints the seed, which draws the same again. */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';

const seed = process.argv[2] ?? String(randomInt(2 ** 31));
if (!/^\d+$/.test(seed)) throw new Error(`The seed ${seed} is not a whole number: npm run test:walks -- 20260901`);
console.log(`npm run test:walks -- ${seed}`);
const { status } = spawnSync('npx', ['vitest', 'run', 'test/walks'], { stdio: 'inherit', env: { ...process.env, WALKS_SEED: seed } });
console.log(`npm run test:walks -- ${seed}`);
process.exitCode = status ?? 1;
