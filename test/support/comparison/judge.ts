import type { Difference, Facts } from './tree.js';

/** Stands for any value in a {@link Deviation}. */
export const ANYTHING = '*';

/** A reviewed difference between what kubeadm and what kbs makes of the same inputs. */
export interface Deviation {
  /** Place of the difference; `*` stands for any text within a name, `**` for any text. */
  readonly place: string;
  /** What kubeadm has there; absent: nothing. {@link ANYTHING}: any value. */
  readonly kubeadm?: Facts;
  /** What kbs has there; absent: nothing. {@link ANYTHING}: any value. */
  readonly kbs?: Facts;
  readonly reason: string;
}

/** What is left to tell of differences. */
export interface Judgement {
  /** Differences no entry of the table explains. */
  readonly unexplained: readonly Difference[];
  /** Places of entries that explain nothing. */
  readonly stale: readonly string[];
}

function matches(pattern: string, place: string): boolean {
  const parts = pattern.split(/(\*\*|\*)/).map((part) => {
    if (part === '**') return '.*';
    return part === '*' ? '[^›]*' : part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`, 's').test(place);
}

function isExpected(expected: Facts | undefined, found: Facts | undefined): boolean {
  if (expected === ANYTHING) return found !== undefined;
  return JSON.stringify(expected) === JSON.stringify(found);
}

function explains(deviation: Deviation, { place, kubeadm, kbs }: Difference): boolean {
  return matches(deviation.place, place) && isExpected(deviation.kubeadm, kubeadm) && isExpected(deviation.kbs, kbs);
}

/** Holds differences against the reviewed table: each needs an entry, and each entry a difference. */
export function judge(differences: readonly Difference[], table: readonly Deviation[]): Judgement {
  return {
    unexplained: differences.filter((difference) => !table.some((deviation) => explains(deviation, difference))),
    stale: table.filter((deviation) => !differences.some((difference) => explains(deviation, difference))).map(({ place }) => place),
  };
}
