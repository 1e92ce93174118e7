import { stringify } from 'yaml';

/** What `kbs config init` was told; everything else in the file is a comment or a default. */
export interface ClusterFileTemplate {
  readonly name: string;
  /** With a leading v. */
  readonly kubernetesVersion: string;
  /** Addresses; the hosts are named cp1, cp2, … */
  readonly controlPlanes: readonly string[];
  /** Addresses; the hosts are named w1, w2, … */
  readonly workers: readonly string[];
  readonly endpoint?: { readonly host: string; readonly port: number } | undefined;
  readonly sshUser: string;
}

/** A scalar in YAML on one line, quoted where it has to be, also inside `{ }`. */
function inline(value: string | number): string {
  if (typeof value === 'string' && /[[\]{},]/.test(value)) return JSON.stringify(value);
  return stringify(value, { lineWidth: 0 }).trimEnd();
}

function hostLine(name: string, address: string, role: string): string {
  return `    - { name: ${name}, address: ${inline(address)}, roles: [${role}] }`;
}

function endpointLines(endpoint: ClusterFileTemplate['endpoint']): readonly string[] {
  const meaning = '  # Stable address of the API: a load balancer or a DNS name of yours. Needed with several control planes.';
  if (endpoint === undefined) {
    return [
      meaning,
      '  # controlPlaneEndpoint: { host: k8s.example.org, port: 6443 }',
      '  # Or made by kbs: { provider: local-lb }, { provider: keepalived, host: 10.0.0.10, port: 8443 }, { provider: kube-vip, host: 10.0.0.10 }',
    ];
  }
  return [meaning, `  controlPlaneEndpoint: { host: ${inline(endpoint.host)}, port: ${inline(endpoint.port)} }`];
}

/** `HOST` or `HOST:PORT` as it is typed; port 6443 unless it says otherwise. Whether the host is valid shows later. */
export function parseEndpoint(text: string): { readonly host: string; readonly port: number } {
  const match = /^(.*):(\d+)$/.exec(text);
  return { host: match?.[1] ?? text, port: Number(match?.[2] ?? 6443) };
}

/** A commented cluster file to start from; valid as it is when the template's values are. */
export function renderClusterFile(template: ClusterFileTemplate): string {
  const { controlPlanes, workers } = template;
  const lines = [
    '# Cluster file of kbs. All fields: kbs config schema. Check it: kbs config validate -f FILE',
    'apiVersion: kbs.dev/v1alpha1',
    'kind: Cluster',
    'metadata:',
    `  name: ${inline(template.name)}`,
    'spec:',
    `  kubernetesVersion: ${inline(template.kubernetesVersion)}`,
    ...endpointLines(template.endpoint),
    '  ssh:',
    `    user: ${inline(template.sshUser)}   # anybody but root needs sudo; its password is asked for, or taken from KBS_SUDO_PASSWORD`,
    '    # identityFile: ~/.ssh/id_ed25519   # default: the agent and the usual files',
    '    # bastion: { address: jump.example.org }',
    '  hosts:',
    ...controlPlanes.map((address, index) => hostLine(`cp${index + 1}`, address, 'control-plane')),
    ...workers.map((address, index) => hostLine(`w${index + 1}`, address, 'worker')),
    '    # - { name: w9, address: 10.0.0.29, labels: { disk: ssd }, ssh: { port: 2222 } }',
    '  # network:',
    '  #   podSubnet: 10.244.0.0/16        # must not meet the addresses of the hosts',
    '  #   serviceSubnet: 10.96.0.0/12',
    '  # containerRuntime: { install: package }   # the distribution’s containerd instead of the official release',
    '  # artifacts: { source: bundle, path: ./bundle }   # or { source: mirror, url: https://mirror.example.org }; default: upstream',
  ];
  return `${lines.join('\n')}\n`;
}
