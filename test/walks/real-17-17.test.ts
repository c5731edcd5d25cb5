import { realWalks } from './real.ts';

realWalks(17, 17);
