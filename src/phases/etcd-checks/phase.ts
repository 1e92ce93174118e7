import { etcdTopology } from '../../constants/index.js';
import { step, type AnyStep, type Phase } from '../../engine/index.js';
import type { Host } from '../../host/index.js';
import { isControlPlane, isEtcdHost, type RunContext } from '../context.js';
import { reportChecks, type CheckResult } from '../preflight/index.js';
import { checkExternalEtcd } from './external.js';
import { checkMemberData, checkServersInUse } from './members.js';

type Slice = Pick<RunContext, 'spec' | 'hosts' | 'etcd' | 'pki' | 'ignorePreflight'>;

function checksStep(
  id: string,
  title: string,
  slice: Slice,
  look: (host: Host, signal: AbortSignal) => Promise<readonly CheckResult[]>,
): AnyStep {
  return step<undefined>({
    id,
    title,
    timeoutMs: 60_000,
    probe: async (host, context) => {
      // Without root nothing can be seen; preflight says so.
      if (host.facts.privilegeProblem === undefined) reportChecks(host, await look(host, context.signal), slice, context);
      return undefined;
    },
    plan: () => ({ change: 'none' }),
    apply: () => Promise.resolve(),
    verify: () => Promise.resolve(),
  });
}

/** Whether the cluster's etcd is, and stays, the one it was made with, and whether an external one can be used. */
export const etcdChecksPhase: Phase<Slice> = {
  name: 'etcd-checks',
  title: 'Check etcd',
  summary:
    'asks every endpoint of an external etcd from every control plane, and looks whether members have kept their data; changes nothing',
  on: (host) => isControlPlane(host) || isEtcdHost(host),
  after: [],
  collectsErrors: true,
  steps(slice, host) {
    const { spec } = slice;
    if (isEtcdHost(host))
      return [
        checksStep('etcd-checks/data', 'Look for the member’s data', slice, (member, signal) => checkMemberData(member, slice, signal)),
      ];
    return [
      checksStep('etcd-checks/servers', 'Compare with the etcd in use', slice, (target, signal) =>
        checkServersInUse(target, slice, signal),
      ),
      ...(etcdTopology(spec) === 'external'
        ? [checksStep('etcd-checks/external', 'Ask the external etcd', slice, (target) => checkExternalEtcd(target, slice))]
        : []),
    ];
  },
};
