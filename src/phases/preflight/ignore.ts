import { KbsError } from '../../errors/index.js';
import { PREFLIGHT_CHECKS } from './checks.js';

/** Ignores every check. */
export const IGNORE_ALL = 'all';

/** Names `--ignore-preflight` takes, sorted, each once. */
export const PREFLIGHT_CHECK_NAMES: readonly string[] = [...new Set(PREFLIGHT_CHECKS.map((check) => check.name))].sort();

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
      remedy: [`--ignore-preflight=${PREFLIGHT_CHECK_NAMES[0] ?? IGNORE_ALL}`, `--ignore-preflight=${IGNORE_ALL}`],
    });
  }
  return new Set(words.map((word) => known.get(word.toLowerCase()) ?? word));
}
