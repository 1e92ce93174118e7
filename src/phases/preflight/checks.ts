import { ENDPOINT_CHECKS } from './endpoint-checks.js';
import { IDENTITY_CHECKS } from './identity-checks.js';
import { NETWORK_CHECKS } from './network-checks.js';
import { MACHINE_CHECKS } from './machine-checks.js';
import { RUNTIME_CHECKS } from './runtime-checks.js';
import { SYSTEM_CHECKS } from './system-checks.js';
import type { CheckSubject, PreflightCheck } from './types.js';

/** Every preflight check, in the order of the report. */
export const PREFLIGHT_CHECKS: readonly PreflightCheck[] = [
  ...MACHINE_CHECKS,
  ...SYSTEM_CHECKS,
  ...RUNTIME_CHECKS,
  ...ENDPOINT_CHECKS,
  ...NETWORK_CHECKS,
  ...IDENTITY_CHECKS,
];

/** Those that are content with facts, for a host where nothing can be run as root. */
export const FACT_CHECKS: readonly PreflightCheck[] = [...MACHINE_CHECKS, ...IDENTITY_CHECKS];

/** What one check found. */
export interface CheckResult {
  readonly name: string;
  readonly level: 'error' | 'warning';
  /** `seen — cure`. */
  readonly text: string;
}

/** Runs all checks that apply; those that found nothing are left out. Pure. */
export function runChecks(subject: CheckSubject, checks: readonly PreflightCheck[] = PREFLIGHT_CHECKS): readonly CheckResult[] {
  return checks
    .filter((check) => check.appliesTo(subject.input))
    .flatMap((check) => {
      const text = check.run(subject);
      return text === undefined ? [] : [{ name: check.name, level: check.level, text }];
    });
}
