import { distance } from 'fastest-levenshtein';

/** The candidate that is nearest to what was written, if it is near enough to be meant. */
export function nearest(written: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(2, Math.floor(written.length / 3));
  const ranked = candidates
    .map((candidate) => ({ candidate, far: distance(written.toLowerCase(), candidate.toLowerCase()) }))
    .sort((one, other) => one.far - other.far);
  const best = ranked[0];
  return best !== undefined && best.far <= limit ? best.candidate : undefined;
}
