import type { CheckSubject, PreflightCheck, PreflightInput } from './types.js';

function holdsAddress({ endpoint }: PreflightInput): boolean {
  return endpoint?.holdsAddress === true;
}

/** Where the virtual address would go; undefined when there is no such interface. */
function interfaceProblem({ host: { facts }, input }: CheckSubject): string | undefined {
  const names = facts.interfaces.map(({ name }) => name);
  const wanted = input.endpoint?.interface;
  if (wanted !== undefined) {
    return names.includes(wanted) ? undefined : `has no interface ${wanted} (${names.join(', ')}) — correct controlPlaneEndpoint.interface`;
  }
  const hasOwn = facts.interfaces.some(({ addresses }) => addresses.includes(input.address));
  return hasOwn ? undefined : `no interface has ${input.address} — name the one for the virtual address: controlPlaneEndpoint.interface`;
}

/** Somebody else's only while no control plane of the cluster has it. */
function addressProblem({ host, others, input, findings }: CheckSubject): string | undefined {
  const address = input.endpoint?.host ?? '';
  if (!findings.isAddressAnswered || [host, ...others].some(({ facts }) => facts.addresses.includes(address))) return undefined;
  return `${address} answers already, and it is on no host of the cluster — choose a free address: ip neigh show ${address}`;
}

/** Checks of what the control-plane endpoint needs. */
export const ENDPOINT_CHECKS: readonly PreflightCheck[] = [
  {
    name: 'EndpointName',
    level: 'error',
    appliesTo: ({ endpoint }) => endpoint?.provider === 'external',
    run: ({ input, findings }) =>
      findings.isEndpointUnknown
        ? `${input.endpoint?.host ?? ''} has no IPv4 address here — put it into DNS, or into /etc/hosts of every host`
        : undefined,
  },
  { name: 'EndpointInterface', level: 'error', appliesTo: holdsAddress, run: interfaceProblem },
  { name: 'EndpointAddress', level: 'error', appliesTo: holdsAddress, run: addressProblem },
  {
    name: 'EndpointPackages',
    level: 'error',
    appliesTo: (input) => holdsAddress(input) && input.endpoint?.provider === 'keepalived',
    run: ({ host: { facts } }) =>
      facts.packageManager === 'apt'
        ? undefined
        : `keepalived and haproxy are installed with apt, which ${facts.os.prettyName} has not — use provider: kube-vip or local-lb`,
  },
  {
    name: 'EndpointFiles',
    level: 'error',
    appliesTo: ({ endpoint }) => (endpoint?.files ?? []).length > 0,
    run: ({ findings }) =>
      findings.foreignFiles.length === 0
        ? undefined
        : `${findings.foreignFiles.join(', ')} of somebody else — move them away, or use provider: kube-vip or local-lb`,
  },
];
