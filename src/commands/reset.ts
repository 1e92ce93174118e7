import { Flags } from '@oclif/core';
import type { ResetResult } from '../operations/index.js';
import type { Session } from '../ui/index.js';
import { clusterFlags, ClusterCommand, type ClusterFlagValues } from './cluster-command.js';

interface ResetFlags extends ClusterFlagValues {
  readonly host?: readonly string[] | undefined;
  readonly yes: boolean;
  readonly 'dry-run': boolean;
}

const LOSS = 'Pods end, and etcd, images and volumes that lie on the hosts are lost.';

export default class Reset extends ClusterCommand {
  static override summary = 'Take hosts back to how kbs found them.';
  static override description = `Everything kbs did is undone from what each host noted before its first change; what belongs to others stays.
Without a cluster file: this machine. A reset that was cut off is continued by running the command again.`;
  static override examples = [
    '<%= config.bin %> reset -f cluster.yaml',
    '<%= config.bin %> reset -f cluster.yaml --host w3 --yes',
    '<%= config.bin %> reset -f cluster.yaml --dry-run',
    'sudo <%= config.bin %> reset   # this machine',
  ];
  static override flags = {
    ...clusterFlags,
    host: Flags.string({
      multiple: true,
      helpValue: 'NAME',
      summary: 'Only this host of the file (may be given again); the cluster goes on.',
    }),
    yes: Flags.boolean({ char: 'y', summary: 'Do not ask.' }),
    'dry-run': Flags.boolean({ summary: 'Show what would go and change nothing.' }),
  };

  async run(): Promise<ResetResult> {
    const { flags } = await this.parse(Reset);
    const { resetText } = await import('./reset-text.js');
    return this.operate<ResetResult>(flags, {
      run: (session) => (flags.file === undefined ? resetLocally(session, flags) : this.#resetCluster(session, flags)),
      text: (result, session) => resetText(result, session, flags['dry-run']),
    });
  }

  async #resetCluster(session: Session, flags: ResetFlags): Promise<ResetResult> {
    const input = await this.openCluster(session, flags);
    const { resetCluster, resetTargets } = await import('../operations/index.js');
    const names = flags.host ?? [];
    const targets = resetTargets(input.spec, names).map(({ name }) => name);
    await session.confirm(`Reset ${targets.join(', ')} of cluster ${input.spec.name}? ${LOSS}`, flags.yes || flags['dry-run']);
    return resetCluster(input, names, flags['dry-run'] ? 'plan' : 'apply');
  }
}

async function resetLocally(session: Session, flags: ResetFlags): Promise<ResetResult> {
  const [{ KbsError }, { resetThisMachine }] = await Promise.all([import('../errors/index.js'), import('../operations/index.js')]);
  if (flags.host !== undefined) throw new KbsError('USAGE', '--host names hosts of a cluster file', { remedy: ['add -f cluster.yaml'] });
  await session.confirm(`Reset this machine? ${LOSS}`, flags.yes || flags['dry-run']);
  return resetThisMachine({
    sudoPassword: (user) => session.askSecret(`sudo password of ${user}: `),
    bus: session.bus,
    signal: session.signal,
    mode: flags['dry-run'] ? 'plan' : 'apply',
  });
}
