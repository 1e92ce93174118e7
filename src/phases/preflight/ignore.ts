import { nearest } from '../../config/index.js';
import { KbsError } from '../../errors/index.js';
import { PREFLIGHT_CHECKS } from './checks.js';

/** Ignores every check. */
export const IGNORE_ALL = 'all';

/** Checks of etcd, which look at several hosts or at something that is no host. */
export const ETCD_CHECK_NAMES = ['EtcdData', 'EtcdMembers', 'ExternalEtcd'] as const;

/** Names `--ignore-preflight` takes, sorted, each once. */
export const PREFLIGHT_CHECK_NAMES: readonly string[] = [
  ...new Set([...PREFLIGHT_CHECKS.map((check) => check.name), ...ETCD_CHECK_NAMES]),
].sort();

/** What was probably meant comes first. */
function suggestions(unknown: readonly string[]): readonly string[] {
  const meant = unknown.flatMap((word) => nearest(word, PREFLIGHT_CHECK_NAMES) ?? []);
  const first = meant.length > 0 ? meant : PREFLIGHT_CHECK_NAMES.slice(0, 1);
  return [`--ignore-preflight=${[...new Set(first)].join(',')}`, `--ignore-preflight=${IGNORE_ALL}`];
}

/**
 * The set for `RunContext.ignorePreflight` from what the user typed: names in any case, separated by commas, or `all`.
 * @throws KbsError USAGE for a name no check has; its details list all names
 */
export function parseIgnoredChecks(typed: readonly string[]): ReadonlySet<string> {
  const words = typed
    .flatMap((item) => item.split(','))
    .map((word) => word.trim())
    .filter((word) => word !== '');
  const known = new Map([...PREFLIGHT_CHECK_NAMES, IGNORE_ALL].map((name) => [name.toLowerCase(), name]));
  const unknown = words.filter((word) => !known.has(word.toLowerCase()));
  if (unknown.length > 0) {
    throw new KbsError('USAGE', `no preflight check is called ${unknown.join(', ')}`, {
      details: [`checks: ${PREFLIGHT_CHECK_NAMES.join(', ')}`],
      remedy: suggestions(unknown),
    });
  }
  return new Set(words.map((word) => known.get(word.toLowerCase()) ?? word));
}
