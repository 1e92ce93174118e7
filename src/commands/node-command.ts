import { Args, Flags } from '@oclif/core';
import type { NodeResult } from '../operations/index.js';
import { countOf, formatDuration, renderPlan, type Session } from '../ui/index.js';
import { clusterFlags, ClusterCommand } from './cluster-command.js';

/** Flags of every command on one node. */
export const nodeFlags = {
  ...clusterFlags,
  'dry-run': Flags.boolean({ summary: 'Show what would be changed and change nothing.' }),
};

/** Flags of commands that empty a node. */
export const drainFlags = {
  'drain-timeout': Flags.string({ default: '5m', helpValue: 'DURATION', summary: 'How long pods may take to leave, such as 90s or 15m.' }),
};

/** Flags of commands that take a node out of a cluster. */
export const removeFlags = {
  ...drainFlags,
  dead: Flags.boolean({ summary: 'The host is gone for good: nothing is asked of it, and its pods are given up.' }),
  force: Flags.boolean({
    summary: `Delete pods without a controller and pods that their PodDisruptionBudget still holds after the time limit, and accept an even
number of etcd members. What would cost the quorum is refused all the same.`,
  }),
  yes: Flags.boolean({ char: 'y', summary: 'Do not ask.' }),
};

/** The node a command is about. */
export const nodeArgs = { name: Args.string({ required: true, description: 'Name of the node.' }) };

/** A command on one node of a cluster. */
export abstract class NodeCommand extends ClusterCommand {
  /** What was done, or would be; at the end what is left to do by hand. */
  protected nodeText(result: NodeResult, session: Session, isDryRun: boolean): string {
    if (isDryRun) return renderPlan(result.changes, session.style);
    const changes = result.changes.length === 0 ? 'nothing was changed' : `${countOf(result.changes.length, 'change')} made`;
    const done = `${result.operation} ${result.node}: ${changes}, ${formatDuration(result.durationMs)}`;
    return [done, ...result.next.map((line) => `next: ${line}`)].join('\n');
  }
}
