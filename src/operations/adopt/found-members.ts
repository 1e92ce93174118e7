import { KbsError } from '../../errors/index.js';
import type { EtcdMember } from '../../etcd/index.js';
import { memberOfNode, peerUrlOf } from '../../phases/index.js';
import type { FoundNode } from './found-cluster.js';

function withoutMember(names: readonly string[]): KbsError {
  return new KbsError('ADOPT_REFUSED', `${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} no member of etcd`, {
    details: names.map((name) => `${name} has a static pod of etcd, and etcd does not list it: it was taken out, or works alone`),
    remedy: [
      'kubeadm reset, then kubeadm join --control-plane   # on each of them',
      'nothing was changed; kubeadm goes on looking after it',
    ],
  });
}

/**
 * Compares the members of etcd with the control planes. Pure.
 * @returns what people should know: members nobody is behind, and those that do not vote yet
 * @throws KbsError ADOPT_REFUSED when a control plane has no member
 */
export function notesOnMembers(nodes: readonly FoundNode[], members: readonly EtcdMember[]): readonly string[] {
  const rows = members.map((member) => ({ member }));
  const found = nodes
    .filter(({ isControlPlane }) => isControlPlane)
    .map(({ name, address = '' }) => ({ name, own: memberOfNode(rows, { name, peerUrl: peerUrlOf({ address }) })?.member }));
  const without = found.filter(({ own }) => own === undefined).map(({ name }) => name);
  if (without.length > 0) throw withoutMember(without);
  const owned = new Set(found.map(({ own }) => own));
  const orphans = members.filter((member) => !owned.has(member)).map(({ name, id }) => (name === '' ? id : name));
  const learners = found.filter(({ own }) => own?.isLearner === true).map(({ name }) => name);
  return [
    ...orphans.map((name) => `etcd has a member ${name} that is no control plane: kbs node remove ${name} --dead takes it out`),
    ...learners.map((name) => `the member of ${name} is a learner, it does not vote yet`),
  ];
}
