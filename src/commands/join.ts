import { Args, Flags, type Interfaces } from '@oclif/core';
import { KbsError } from '../errors/index.js';
import type { ConvergeResult } from '../operations/index.js';
import type { Session } from '../ui/index.js';
import { clusterFlags, phaseFlags } from './cluster-command.js';
import { joinHereFlags, readCertificateKey, readToken, refuseBesideFile, ThisMachineCommand } from './this-machine-command.js';

type JoinFlags = Interfaces.InferredFlags<typeof Join.flags>;

export default class Join extends ThisMachineCommand {
  static override summary = 'Make nodes of the hosts of the file that are none yet; ends when traffic flows between all nodes.';
  static override description = `Control planes come to the running etcd one at a time: as learners first, which vote once they have caught up.
With an endpoint instead of a cluster file this machine joins the cluster there, be it made by kbs or by kubeadm,
as a worker or with --control-plane as a control plane.
The cluster has to prove with the token and the hash of its CA that it is the one meant; before that nothing is changed.`;
  static override examples = [
    '<%= config.bin %> join -f cluster.yaml',
    '<%= config.bin %> join -f cluster.yaml --host w3 --host w4',
    '<%= config.bin %> join -f cluster.yaml --dry-run',
    'sudo <%= config.bin %> join 10.0.0.11:6443 --token-file token --discovery-token-ca-cert-hash sha256:…   # this machine',
  ];
  static override args = {
    endpoint: Args.string({ description: 'HOST[:PORT] of the API, to join with this machine; without a cluster file.' }),
  };
  static override flags = {
    ...clusterFlags,
    ...phaseFlags,
    host: Flags.string({ multiple: true, helpValue: 'NAME', summary: 'Only this host of the file (may be given again).' }),
    'dry-run': Flags.boolean({ summary: 'Show what would be changed and change nothing.' }),
    ...joinHereFlags,
  };

  async run(): Promise<ConvergeResult> {
    const { args, flags } = await this.parse(Join);
    const { convergeText } = await import('./converge-text.js');
    return this.operate<ConvergeResult>(flags, {
      run: (session) =>
        flags.file === undefined ? this.#joinHere(session, args.endpoint, flags) : this.#joinHosts(session, args.endpoint, flags),
      text: (result, session) => convergeText(result, session, flags['dry-run']),
    });
  }

  async #joinHosts(session: Session, endpoint: string | undefined, flags: JoinFlags): Promise<ConvergeResult> {
    if (endpoint !== undefined) {
      throw new KbsError('USAGE', 'join either the hosts of a cluster file, or this machine with an endpoint', {
        remedy: ['leave out the endpoint', 'leave out -f; unset KBS_CLUSTER_FILE'],
      });
    }
    refuseBesideFile(flags, joinHereFlags);
    const input = await this.openCluster(session, flags);
    const { joinHosts } = await import('../operations/index.js');
    return joinHosts(input, flags.host ?? [], flags['dry-run'] ? 'plan' : 'apply');
  }

  async #joinHere(session: Session, endpoint: string | undefined, flags: JoinFlags): Promise<ConvergeResult> {
    if (endpoint === undefined) {
      throw new KbsError('USAGE', 'neither a cluster file nor an endpoint was given', {
        remedy: ['kbs join -f cluster.yaml', 'kbs token create --print-join-command   # on a control plane: the command for this machine'],
      });
    }
    if (flags.host !== undefined) throw new KbsError('USAGE', '--host names hosts of a cluster file', { remedy: ['add -f cluster.yaml'] });
    const { joinThisMachine } = await import('../operations/index.js');
    return joinThisMachine({
      ...this.thisMachine(session, flags),
      endpoint,
      token: await readToken(flags),
      certificateKey: await readCertificateKey(flags),
      caHashes: flags['discovery-token-ca-cert-hash'] ?? [],
      skipCaVerification: flags['discovery-token-unsafe-skip-ca-verification'],
      settings: {
        fragmentFile: flags['config-fragment'],
        nodeName: flags['node-name'],
        nodeIp: flags['node-ip'],
        bundle: flags.bundle,
        mirror: flags.mirror,
      },
    });
  }
}
