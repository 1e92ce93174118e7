export { PREFLIGHT_CHECKS, runChecks, type CheckResult } from './checks.js';
export { gatherFindings, parseFindings, REQUIRED_COMMANDS } from './findings.js';
export { ETCD_CHECK_NAMES, IGNORE_ALL, parseIgnoredChecks, PREFLIGHT_CHECK_NAMES } from './ignore.js';
export { preflightInput } from './input.js';
export { preflightPhase } from './phase.js';
export { reportChecks } from './report.js';
export type {
  CheckSubject,
  DiskNeed,
  DiskSpace,
  Findings,
  Listener,
  NetworkNeed,
  PortNeed,
  PreflightCheck,
  PreflightInput,
  SandboxNeed,
} from './types.js';
