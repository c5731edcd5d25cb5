/** The one entry of every function. */
export async function handler(): Promise<never> {
  throw new Error('not built yet');
}
