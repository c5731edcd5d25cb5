/** The two sides of a migration: the Aurora cluster, and the PlanetScale database. */
export type SideName = 'source' | 'target';
