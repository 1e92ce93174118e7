/** One thing the proof of a cluster looked at. */
export interface ProofRow {
  /** Who reaches what: `w1 → w2 pod`, `w1 → cluster DNS service name`, `w1`. */
  readonly edge: string;
  /** Which check of `kbs verify` it belongs to: `node`, `pod to pod`, `cluster DNS`. */
  readonly what: string;
  readonly ok: boolean;
  /** How long it took until it was so, or until it was given up. */
  readonly ms: number;
  /** What was seen. */
  readonly detail: string;
}
