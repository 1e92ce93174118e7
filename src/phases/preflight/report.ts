import type { StepContext } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import type { Host } from '../../host/index.js';
import type { RunContext } from '../context.js';
import type { CheckResult } from './checks.js';
import { IGNORE_ALL } from './ignore.js';

function failure(host: Host, failed: readonly CheckResult[]): KbsError {
  const names = [...new Set(failed.map(({ name }) => name))];
  const count = failed.length === 1 ? '1 check' : `${failed.length} checks`;
  return new KbsError('PREFLIGHT_FAILED', `${count} failed on ${host.name}: ${names.join(', ')}`, {
    where: { host: host.name },
    details: failed.map(({ name, text }) => `${name}: ${text}`),
    remedy: [`cure what is listed, or go on in spite of it with --ignore-preflight=${names.join(',')}`],
  });
}

/**
 * Tells of what checks of a host found.
 * @throws KbsError PREFLIGHT_FAILED with every error that the user did not choose to ignore
 */
export function reportChecks(
  host: Host,
  results: readonly CheckResult[],
  { ignorePreflight }: Pick<RunContext, 'ignorePreflight'>,
  context: StepContext,
): void {
  const isIgnored = (name: string): boolean => ignorePreflight.has(IGNORE_ALL) || ignorePreflight.has(name);
  for (const { name, level, text } of results) {
    if (level === 'warning') context.warn(`${name}: ${text}`);
    else if (isIgnored(name)) context.warn(`${name} (ignored): ${text}`);
  }
  const failed = results.filter(({ name, level }) => level === 'error' && !isIgnored(name));
  if (failed.length > 0) throw failure(host, failed);
}
