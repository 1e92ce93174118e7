import { KbsError } from '../errors/index.js';

const UNIT_MS = { h: 3_600_000, m: 60_000, s: 1_000 } as const;

/**
 * How long a token is valid, as kubeadm takes it: `24h`, `2h30m`, `90s`; `0`: for ever.
 * @returns milliseconds; undefined for ever
 * @throws KbsError USAGE
 */
export function parseTokenTtl(text: string): number | undefined {
  const match = /^(?:(\d{1,7})h)?(?:(\d{1,7})m)?(?:(\d{1,7})s)?$/.exec(text);
  const ms =
    text === '0' ? 0 : Number(match?.[1] ?? 0) * UNIT_MS.h + Number(match?.[2] ?? 0) * UNIT_MS.m + Number(match?.[3] ?? 0) * UNIT_MS.s;
  if (text !== '0' && (match === null || text === '')) {
    throw new KbsError('USAGE', `a time to live is 24h, 2h30m, 90s or the like, or 0 for ever; not "${text}"`);
  }
  return ms === 0 ? undefined : ms;
}

/**
 * A time limit: `5m`, `90s`, `1h30m`; `0`: no patience at all.
 * @param leastMs less is refused
 * @returns milliseconds
 * @throws KbsError USAGE
 */
export function parseTimeLimit(flag: string, text: string, leastMs = 0): number {
  let limitMs: number;
  try {
    limitMs = parseTokenTtl(text) ?? 0;
  } catch (cause) {
    throw new KbsError('USAGE', `${flag} is 5m, 90s, 1h30m or the like; not "${text}"`, { cause });
  }
  if (limitMs < leastMs) throw new KbsError('USAGE', `${flag} is at least ${leastMs / 1000} s; not "${text}"`);
  return limitMs;
}
