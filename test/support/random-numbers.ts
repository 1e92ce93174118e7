/**
 * Pseudo-random numbers in [0, 1) that are the same for the same seed (a linear congruential generator with the constants of
 * Numerical Recipes): a test that chose its moments by chance can be run again with the same ones.
 */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
