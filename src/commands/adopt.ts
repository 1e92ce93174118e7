import { resolve } from 'node:path';
import { Flags, type Interfaces } from '@oclif/core';
import { KbsError } from '../errors/index.js';
import type { AdoptResult } from '../operations/index.js';
import { renderTable, type Session } from '../ui/index.js';
import { BaseCommand } from './base.js';

type AdoptFlags = Interfaces.InferredFlags<typeof Adopt.flags>;

export default class Adopt extends BaseCommand {
  static override summary = 'Take over a cluster that kubeadm v1.25 made: write the cluster file that describes it.';
  static override description = `Reads kubeadm-config, kubelet-config, kube-proxy, nodes and static pods through one control plane, finds the hosts, writes a cluster
file, and notes on every host (in /etc/kbs) that kbs looks after it. Nothing else is changed: kbs plan shows what kbs apply would change.
kbs reset gives such a host back as kubeadm left it; kubeadm reset takes it apart.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> --host 10.0.0.11 -i ~/.ssh/id_ed25519 --to cluster.yaml',
    '<%= config.bin %> <%= command.id %> --host 10.0.0.11 --user core --bundle ./bundle --to cluster.yaml',
    '<%= config.bin %> <%= command.id %> --host 10.0.0.11 --to cluster.yaml --dry-run   # show the cluster file, write nothing',
  ];
  static override flags = {
    host: Flags.string({ required: true, helpValue: 'ADDRESS', summary: 'A control plane of the cluster, as SSH reaches it.' }),
    to: Flags.string({ required: true, helpValue: 'FILE', summary: 'Write the cluster file here.' }),
    force: Flags.boolean({ summary: 'Replace the file when it is there already.' }),
    'dry-run': Flags.boolean({ summary: 'Show the cluster file and write nothing, neither here nor on a host.' }),
    user: Flags.string({ helpValue: 'NAME', summary: 'Login user on all hosts; default: from ~/.ssh/config, else root.' }),
    identity: Flags.string({ char: 'i', helpValue: 'FILE', summary: 'Private key file; default: agent and the usual files.' }),
    'ssh-port': Flags.integer({ min: 1, max: 65_535, summary: 'Port of sshd; default: from ~/.ssh/config, else 22.' }),
    'known-hosts': Flags.string({ helpValue: 'FILE', summary: 'File with the accepted host keys; default: ~/.ssh/known_hosts.' }),
    bastion: Flags.string({ helpValue: 'ADDRESS', summary: 'Jump host on the way to the hosts.' }),
    'accept-new-host-keys': Flags.boolean({ summary: 'Write down host keys nobody has seen before instead of refusing them.' }),
    bundle: Flags.string({
      helpValue: 'DIR',
      exclusive: ['mirror'],
      summary: 'Binaries and images come from this offline bundle later on.',
    }),
    mirror: Flags.string({ helpValue: 'URL', summary: 'Binaries and images come from this mirror later on.' }),
  };

  async run(): Promise<AdoptResult> {
    const { flags } = await this.parse(Adopt);
    return this.operate<AdoptResult>(flags, {
      run: (session) => this.#adopt(session, flags),
      text: (result, session) => adoptText(result, session, flags['dry-run']),
    });
  }

  async #adopt(session: Session, flags: AdoptFlags): Promise<AdoptResult> {
    const { adoptCluster, openSsh } = await import('../operations/index.js');
    const ssh = sshOf(flags);
    const { bus, signal } = session;
    const ask = session.isInteractive ? { ask: (question: string) => session.askSecret(question) } : { ask: undefined };
    const transportFor = openSsh(ssh, { acceptNewHostKeys: flags['accept-new-host-keys'], ...ask });
    const mode = flags['dry-run'] ? 'plan' : 'apply';
    return adoptCluster({
      ...{ transportFor, bus, signal, ssh, mode, now: () => new Date() },
      ...{ host: flags.host, to: flags.to, replaces: flags.force, artifacts: artifactsOf(flags) },
    });
  }
}

function sshOf(flags: AdoptFlags): Record<string, unknown> {
  const absolute = (path: string | undefined): string | undefined => (path === undefined ? undefined : resolve(path));
  const fields = {
    user: flags.user,
    port: flags['ssh-port'],
    identityFile: absolute(flags.identity),
    knownHostsFile: absolute(flags['known-hosts']),
    bastion: flags.bastion === undefined ? undefined : { address: flags.bastion },
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function artifactsOf({ bundle, mirror }: AdoptFlags) {
  if (bundle !== undefined) return { source: 'bundle', path: resolve(bundle) } as const;
  if (mirror === undefined) return undefined;
  if (!URL.canParse(mirror)) throw new KbsError('USAGE', `--mirror is a URL, not ${mirror}`);
  return { source: 'mirror', url: mirror } as const;
}

function adoptText({ cluster, file, text, hosts, notes }: AdoptResult, session: Session, isDryRun: boolean): string {
  if (isDryRun) return text.trimEnd();
  const columns = ['HOST', 'ADDRESS', 'ROLES', 'SSH'].map((header) => ({ header }));
  const rows = hosts.map((host) => [host.name, host.address, host.roles.join(', '), host.problem ?? 'ok']);
  const table = renderTable(columns, rows, session.width === undefined ? {} : { width: session.width });
  const next = `${cluster} is described in ${file}\n\n  kbs plan -f ${file}    # what kbs would change`;
  return [table, '', ...notes.map((note) => `note: ${note}`), ...(notes.length === 0 ? [] : ['']), next].join('\n');
}
