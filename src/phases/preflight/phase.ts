import { step, type AnyStep, type Phase, type StepContext } from '../../engine/index.js';
import type { Host } from '../../host/index.js';
import type { RunContext } from '../context.js';
import { FACT_CHECKS, runChecks } from './checks.js';
import { gatherFindings, noFindings } from './findings.js';
import { preflightInput } from './input.js';
import { reportChecks } from './report.js';

type Slice = Pick<RunContext, 'spec' | 'hosts' | 'ignorePreflight' | 'mayChangeRuntime'>;

async function check(host: Host, { spec, hosts, ignorePreflight, mayChangeRuntime }: Slice, context: StepContext): Promise<void> {
  const others = hosts.filter((other) => other.name !== host.name);
  const input = preflightInput(spec, host, others);
  // Without root the rest cannot be seen: what facts tell is still worth reporting in the same run.
  const results =
    host.facts.privilegeProblem === undefined
      ? runChecks({ host, input, others, mayChangeRuntime, findings: await gatherFindings(host, input) })
      : runChecks({ host, input, others, mayChangeRuntime, findings: noFindings(input) }, FACT_CHECKS);
  reportChecks(host, results, { ignorePreflight }, context);
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
