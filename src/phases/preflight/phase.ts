import { step, type AnyStep, type Phase, type StepContext } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import type { Host } from '../../host/index.js';
import type { RunContext } from '../context.js';
import { FACT_CHECKS, runChecks, type CheckResult } from './checks.js';
import { gatherFindings, noFindings } from './findings.js';
import { IGNORE_ALL } from './ignore.js';
import { preflightInput } from './input.js';

type Slice = Pick<RunContext, 'spec' | 'hosts' | 'ignorePreflight'>;

function failure(host: Host, failed: readonly CheckResult[]): KbsError {
  const names = [...new Set(failed.map(({ name }) => name))];
  const count = failed.length === 1 ? '1 check' : `${failed.length} checks`;
  return new KbsError('PREFLIGHT_FAILED', `${count} failed on ${host.name}: ${names.join(', ')}`, {
    where: { host: host.name },
    details: failed.map(({ name, text }) => `${name}: ${text}`),
    remedy: [`cure what is listed, or go on in spite of it with --ignore-preflight=${names.join(',')}`],
  });
}

async function check(host: Host, { spec, hosts, ignorePreflight }: Slice, context: StepContext): Promise<void> {
  const input = preflightInput(spec, host);
  const others = hosts.filter((other) => other.name !== host.name);
  // Without root the rest cannot be seen: what facts tell is still worth reporting in the same run.
  const results =
    host.facts.privilegeProblem === undefined
      ? runChecks({ host, input, others, findings: await gatherFindings(host, input) })
      : runChecks({ host, input, others, findings: noFindings(input) }, FACT_CHECKS);
  const isIgnored = (name: string): boolean => ignorePreflight.has(IGNORE_ALL) || ignorePreflight.has(name);
  for (const { name, level, text } of results) {
    if (level === 'warning') context.warn(`${name}: ${text}`);
    else if (isIgnored(name)) context.warn(`${name} (ignored): ${text}`);
  }
  const failed = results.filter(({ name, level }) => level === 'error' && !isIgnored(name));
  if (failed.length > 0) throw failure(host, failed);
}

function checksStep(slice: Slice): AnyStep {
  return step<undefined>({
    id: 'preflight/checks',
    title: 'Check the host',
    timeoutMs: 60_000,
    probe: async (host, context) => {
      await check(host, slice, context);
      return undefined;
    },
    plan: () => ({ change: 'none' }),
    apply: () => Promise.resolve(),
    verify: () => Promise.resolve(),
  });
}

/** All checks of all hosts at once, before anything is changed anywhere. */
export const preflightPhase: Phase<Slice> = {
  name: 'preflight',
  title: 'Check the hosts',
  summary: 'looks whether every host can become a node: system, kernel, ports, names, clocks, space, leftovers; changes nothing',
  on: 'all',
  collectsErrors: true,
  steps: (slice) => [checksStep(slice)],
};
