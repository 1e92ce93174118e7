import type { ApiPlace } from '../operations/index.js';
import type { Session } from '../ui/index.js';
import { ClusterCommand, type ClusterFlagValues } from './cluster-command.js';

/** A command on bootstrap tokens: of the cluster of a file, or without one on a control plane itself. */
export abstract class TokenCommand extends ClusterCommand {
  protected async apiPlace(session: Session, flags: ClusterFlagValues): Promise<ApiPlace> {
    if (flags.file !== undefined) return { kind: 'file', input: await this.openCluster(session, flags) };
    const sudoPassword = (user: string) => session.askSecret(`sudo password of ${user}: `);
    return { kind: 'here', bus: session.bus, signal: session.signal, sudoPassword };
  }
}
