/** One thing the proof of a cluster looked at. */
export interface ProofRow {
  /** Who reaches what: `w1 → w2 pod`, `w1 → cluster DNS`, `w1`. */
  readonly edge: string;
  readonly what: 'node' | 'system pods' | 'pod to pod' | 'service' | 'cluster DNS';
  readonly ok: boolean;
  /** How long it took until it was so, or until it was given up. */
  readonly ms: number;
  /** What was seen. */
  readonly detail: string;
}
