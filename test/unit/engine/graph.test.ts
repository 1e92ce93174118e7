import { expect, test } from 'vitest';
import { buildTaskGraph, type GraphPhase, type TaskNode } from '../../../src/engine/graph.js';

const phase = (name: string, hosts: readonly string[], rest: Partial<GraphPhase> = {}): GraphPhase => ({
  name,
  hosts,
  isCluster: false,
  ...rest,
});
const nameOf = (node: TaskNode): string => `${node.phase}@${node.host}`;

/** "phase@host ← what it waits for" of every task. */
function edges(phases: readonly GraphPhase[]): readonly string[] {
  return buildTaskGraph(phases).map((node) => {
    const needs = [...node.after.map(nameOf), ...node.waitsFor.flat().map((task) => `*${nameOf(task)}`)];
    return `${nameOf(node)} ← ${needs.join(' ')}`.trim();
  });
}

test('without a word about order, each host goes through the list, leaving out what is not for it', () => {
  expect(edges([phase('base', ['cp', 'w']), phase('etcd', ['cp']), phase('kubelet', ['cp', 'w'])])).toEqual([
    'base@cp ←',
    'base@w ←',
    'etcd@cp ← base@cp',
    'kubelet@cp ← etcd@cp',
    'kubelet@w ← base@w',
  ]);
});

test('a barrier waits for every host of the other phase, also from the cluster lane', () => {
  expect(
    edges([
      phase('base', ['a', 'b']),
      phase('objects', ['a'], { isCluster: true, waitsFor: ['base'] }),
      phase('last', ['a'], { waitsFor: ['objects'] }),
    ]),
  ).toEqual(['base@a ←', 'base@b ←', 'objects@a ← *base@a *base@b', 'last@a ← base@a *objects@a']);
});

test('cluster phases follow each other in a lane of their own', () => {
  const cluster = { isCluster: true };
  expect(edges([phase('x', ['a'], cluster), phase('base', ['a']), phase('y', ['a'], cluster)])).toEqual(['x@a ←', 'base@a ←', 'y@a ← x@a']);
});

test('named predecessors replace the default, an empty list means at once', () => {
  expect(
    edges([phase('base', ['a']), phase('pki', ['a']), phase('images', ['a'], { after: ['base'] }), phase('free', ['a'], { after: [] })]),
  ).toEqual(['base@a ←', 'pki@a ← base@a', 'images@a ← base@a', 'free@a ←']);
});

test('where no named predecessor runs, the host keeps to the list', () => {
  expect(edges([phase('base', ['cp', 'w']), phase('etcd', ['cp']), phase('last', ['cp', 'w'], { after: ['etcd'] })])).toContain(
    'last@w ← base@w',
  );
});

test('a phase that runs nowhere holds nobody up', () => {
  expect(edges([phase('etcd', []), phase('last', ['w'], { waitsFor: ['etcd'] })])).toEqual(['last@w ←']);
});

test.each<[string, readonly GraphPhase[], string]>([
  ['an unknown predecessor', [phase('a', ['h'], { after: ['b'] })], 'phase a comes after b, which is not in the list'],
  ['an unknown barrier', [phase('a', ['h'], { waitsFor: ['b'] })], 'phase a waits for b, which is not in the list'],
  ['a phase twice', [phase('a', ['h']), phase('a', ['h'])], 'phase a stands twice in the list'],
  ['a host twice', [phase('a', ['h', 'h'])], 'two hosts are called h'],
  ['no room at all', [phase('a', ['h'], { atOnce: 0 })], 'phase a: atOnce is 0, not 1 or more'],
  [
    'a predecessor in the other lane',
    [phase('a', ['h']), phase('b', ['h'], { isCluster: true, after: ['a'] })],
    'phase b comes after a, which runs in the other lane: name it in waitsFor',
  ],
  ['a circle', [phase('a', ['h'], { waitsFor: ['b'] }), phase('b', ['h'])], 'phases wait for each other: a → b → a'],
])('%s is a bug that is told before anything runs', (_case, phases, message) => {
  expect(() => buildTaskGraph(phases)).toThrow(expect.objectContaining({ code: 'INTERNAL', message }) as Error);
});
