import { realWalks } from './real.ts';

realWalks(15, 18);
