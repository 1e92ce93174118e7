import { Flags, type Interfaces } from '@oclif/core';
import type { ConvergeResult, InitHereResult } from '../operations/index.js';
import type { Session } from '../ui/index.js';
import { clusterFlags, phaseFlags } from './cluster-command.js';
import { initHereFlags, refuseBesideFile, ThisMachineCommand } from './this-machine-command.js';

type InitFlags = Interfaces.InferredFlags<typeof Init.flags>;

export default class Init extends ThisMachineCommand {
  static override summary = 'Make the control plane, the pod network, kube-proxy and CoreDNS; ends when all of it is proven to work.';
  static override description = `Every host is checked before the first one is changed. A run that was cut off is continued by running the command again.
Without a cluster file this machine becomes the control plane, and the command for further machines to join is printed.`;
  static override examples = [
    '<%= config.bin %> init -f cluster.yaml',
    '<%= config.bin %> init -f cluster.yaml --dry-run',
    '<%= config.bin %> init -f cluster.yaml --ignore-preflight=Memory,Cpus --timings',
    'sudo <%= config.bin %> init   # this machine',
    'sudo <%= config.bin %> init --pod-network-cidr 10.244.0.0/16 --bundle /mnt/bundle',
  ];
  static override flags = {
    ...clusterFlags,
    ...phaseFlags,
    'dry-run': Flags.boolean({ summary: 'Show what would be changed and change nothing.' }),
    ...initHereFlags,
  };

  async run(): Promise<ConvergeResult | InitHereResult> {
    const { flags } = await this.parse(Init);
    const { convergeText } = await import('./converge-text.js');
    const { joinWordsText } = await import('./join-words-text.js');
    return this.operate<ConvergeResult | InitHereResult>(flags, {
      run: (session) => (flags.file === undefined ? this.#initHere(session, flags) : this.#initCluster(session, flags)),
      text: (result, session) => {
        const told = convergeText(result, session, flags['dry-run']);
        return 'join' in result && result.join !== undefined ? `${told}\n\n${joinWordsText(result.join, session)}` : told;
      },
    });
  }

  async #initCluster(session: Session, flags: InitFlags): Promise<ConvergeResult> {
    refuseBesideFile(flags, initHereFlags);
    const input = await this.openCluster(session, flags);
    const { initCluster } = await import('../operations/index.js');
    return initCluster(input, flags['dry-run'] ? 'plan' : 'apply');
  }

  async #initHere(session: Session, flags: InitFlags): Promise<InitHereResult> {
    const { initThisMachine, parseTokenTtl } = await import('../operations/index.js');
    const { Secret } = await import('../secret/index.js');
    return initThisMachine({
      ...this.thisMachine(session, flags),
      token: flags.token === undefined ? undefined : new Secret(flags.token),
      tokenTtlMs: parseTokenTtl(flags['token-ttl'] ?? '24h'),
      skipTokenPrint: flags['skip-token-print'],
      settings: {
        fragmentFile: flags['config-fragment'],
        advertiseAddress: flags['apiserver-advertise-address'],
        controlPlaneEndpoint: flags['control-plane-endpoint'],
        podSubnet: flags['pod-network-cidr'],
        serviceSubnet: flags['service-cidr'],
        dnsDomain: flags['service-dns-domain'],
        kubernetesVersion: flags['kubernetes-version'],
        nodeName: flags['node-name'],
        imageRepository: flags['image-repository'],
        bundle: flags.bundle,
        mirror: flags.mirror,
      },
    });
  }
}
