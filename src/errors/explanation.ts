/** More about an error code than fits beside an error. */
export interface Explanation {
  /** What the code means, in a sentence or two. */
  readonly meaning: string;
  /** What usually leads to it, most frequent first. */
  readonly causes: readonly string[];
  /** What to do, in this order. */
  readonly actions: readonly string[];
}
