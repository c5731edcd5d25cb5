/** Vitest runs this in each process, before its test file. */
import { inject } from 'vitest';
import { keepOriginalsIn } from '../../rehearsal/servers/data-directory.ts';

keepOriginalsIn(inject('originals'));
