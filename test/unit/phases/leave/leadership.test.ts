import { describe, expect, test } from 'vitest';
import { KbsError } from '../../../../src/errors/index.js';
import { etcdLeaveStep } from '../../../../src/phases/leave/steps.js';
import { aMember, memoryEtcd, type MemoryEtcd } from '../../../support/memory-etcd.js';
import { memoryHost } from '../../../support/memory-host.js';

const HOST = memoryHost({ name: 'cp1', roles: ['control-plane'] });

/** Three members, cp1 leads, cp3 is further than cp2. */
function three(): MemoryEtcd & { readonly moves: string[] } {
  const moves: string[] = [];
  const etcd = memoryEtcd(aMember('cp1', 11), aMember('cp2', 12), aMember('cp3', 13));
  etcd.leader = 'b';
  etcd.raftIndex.set('b', 90).set('c', 70).set('d', 80);
  const moveLeader = etcd.moveLeader.bind(etcd);
  const remove = etcd.remove.bind(etcd);
  return Object.assign(etcd, {
    moves,
    moveLeader: (...[leader, to, signal]: Parameters<MemoryEtcd['moveLeader']>) => {
      moves.push(`${leader.name} → ${to}`);
      return moveLeader(leader, to, signal);
    },
    remove: (...[id, signal]: Parameters<MemoryEtcd['remove']>) => {
      moves.push(`remove ${id}`);
      return remove(id, signal);
    },
  });
}

async function leave(etcd: MemoryEtcd, name: string): Promise<readonly string[]> {
  const warnings: string[] = [];
  const context = {
    signal: new AbortController().signal,
    progress: () => undefined,
    warn: (message: string) => void warnings.push(message),
  };
  const step = etcdLeaveStep(etcd, { name, peerUrl: undefined, mayBeEven: true });
  const prepared = await step.prepare(HOST, context as never);
  await prepared.apply();
  return warnings;
}

describe('a member that leaves etcd', () => {
  test('hands over the lead first, to the one that has to catch up least', async () => {
    const etcd = three();
    expect(await leave(etcd, 'cp1')).toEqual([]);
    expect(etcd.moves).toEqual(['cp1 → d', 'remove b']);
  });

  test('has nothing to hand over when another one leads', async () => {
    const etcd = three();
    await leave(etcd, 'cp2');
    expect(etcd.moves).toEqual(['remove c']);
  });

  test('goes all the same when the lead cannot be handed over, and says so', async () => {
    const etcd = three();
    etcd.moveLeader = () => Promise.reject(new KbsError('ETCD_REFUSED', 'etcdserver: request timed out, leader transfer took too long'));
    expect(await leave(etcd, 'cp1')).toEqual([expect.stringContaining('leader transfer took too long')]);
    expect(etcd.moves).toEqual(['remove b']);
  });
});
