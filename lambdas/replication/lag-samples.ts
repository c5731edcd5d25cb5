/**
 * Several good samples of the lag in a row: an LSN moves while it is looked at, so each sample is a marker of ours that arrives, with the
 * slot confirmed past it, in time. What a sample found is written into the next marker, so that it outlasts a crash.
 */
import type { MigrationInput } from '../config/input.ts';
import { type Arrival, isGood, type Marker } from './marker.ts';

/** One good sample may be luck. */
export const GOOD_SAMPLES_NEEDED = 3;

/**
 * Milliseconds. The subscriber confirms about once a second when little happens; several times that distinguishes late from slow, and more than
 * this would make a fence long for nothing.
 */
export const SAMPLE_TIMEOUT_MS = 5_000;

/** The marker that follows a sample, and records how it and those before were. */
export const markerAfter = (marker: Marker, arrival: Arrival, input: MigrationInput): Marker => ({
  look: marker.look + 1,
  streakBefore: isGood(arrival, input) ? marker.streakBefore + 1 : 0,
});
