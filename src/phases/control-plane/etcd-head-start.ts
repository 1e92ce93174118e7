import { setTimeout as sleep } from 'node:timers/promises';
import type { AnyStep } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import type { Host } from '../../host/index.js';
import type { EtcdStart } from './etcd-start.js';

/**
 * How much earlier than the others the first member of a new etcd starts. A member that starts asks the others whether there is a cluster
 * already. One that has its port open, but is asking itself, leaves it without an answer for a second: members that start in the same
 * moment do that to each other, and wait for up to two. Source: etcd 3.5, isMemberBootstrapped and its bootstrapTimeout.
 */
const HEAD_START_MS = 300;

/** One that was added to a running etcd has its turn anyway. */
type FoundingStart = Exclude<EtcdStart, { readonly kind: 'joins' }>;

/** A step that starts a member of etcd: the members of a new one a moment after the one that is named first. */
export function withHeadStart(step: AnyStep, { name }: Pick<Host, 'name'>, { kind, flags }: FoundingStart): AnyStep {
  if (kind !== 'together' || flags.initialCluster.startsWith(`${name}=`)) return step;
  return {
    ...step,
    async prepare(host, context) {
      const prepared = await step.prepare(host, context);
      return {
        ...prepared,
        async apply() {
          await sleep(HEAD_START_MS, undefined, { signal: context.signal }).catch((cause: unknown) => {
            throw new KbsError('CANCELLED', `cancelled before etcd was started on ${name}`, {
              where: { host: name, step: step.id },
              cause,
            });
          });
          await prepared.apply();
        },
      };
    },
  };
}
