import { describe, expect, test } from 'vitest';
import { removalProblem, restartProblem, type EtcdMember, type EtcdMemberHealth } from '../../../src/etcd/index.js';
import { aMember } from '../../support/memory-etcd.js';

const ADDRESSES: Readonly<Record<string, number>> = { cp1: 11, cp2: 12, cp3: 13, cp4: 14, cp5: 15 };

function rows(names: readonly string[], sick: readonly string[] = [], more: readonly EtcdMember[] = []): readonly EtcdMemberHealth[] {
  const members = [...names.map((name) => aMember(name, ADDRESSES[name] ?? 0)), ...more];
  return members.map((member) => ({ member, ...(sick.includes(member.name) ? { problem: 'connection refused' } : {}) }));
}

function problem(all: readonly EtcdMemberHealth[], name: string, mayBeEven = false): string | undefined {
  const id = all.find(({ member }) => member.name === name)?.member.id ?? '';
  return removalProblem(all, id, { mayBeEven })?.message;
}

describe('taking a member out of etcd', () => {
  test('the last member stays', () => {
    expect(problem(rows(['cp1']), 'cp1', true)).toContain('it is the last member');
  });

  test('a healthy one of three may not go while another is down, not even with force', () => {
    const all = rows(['cp1', 'cp2', 'cp3'], ['cp1']);
    expect(problem(all, 'cp2', true)).toBe('cp2 cannot be taken out of etcd: of the 2 members left 2 would have to run, and cp1 does not');
  });

  test('the one that is down may go', () => {
    expect(problem(rows(['cp1', 'cp2', 'cp3'], ['cp1']), 'cp1', true)).toBeUndefined();
  });

  test('an even number is refused unless it is asked for', () => {
    const all = rows(['cp1', 'cp2', 'cp3']);
    expect(problem(all, 'cp3')).toContain('2 members would be left, which tolerate no failure');
    expect(problem(all, 'cp3', true)).toBeUndefined();
    expect(problem(rows(['cp1', 'cp2', 'cp3', 'cp4', 'cp5']), 'cp5')).toContain('4 members would be left, which tolerate no more failures');
  });

  test('one of two may go, and one of four', () => {
    expect(problem(rows(['cp1', 'cp2']), 'cp2')).toBeUndefined();
    expect(problem(rows(['cp1', 'cp2', 'cp3', 'cp4']), 'cp2')).toBeUndefined();
  });

  test('a learner costs no quorum, and is none that could keep one', () => {
    const learner = aMember('cp4', 14, { isLearner: true });
    expect(problem(rows(['cp1', 'cp2'], ['cp1'], [learner]), 'cp4')).toBeUndefined();
    expect(problem(rows(['cp1', 'cp2', 'cp3'], ['cp1'], [learner]), 'cp2', true)).toContain('of the 2 members left');
  });
});

describe('restarting a member of etcd', () => {
  const restart = (all: readonly EtcdMemberHealth[], name: string): string | undefined =>
    restartProblem(all, all.find(({ member }) => member.name === name)?.member.id ?? '')?.message;

  test('is refused while another one is down that cannot be done without', () => {
    expect(restart(rows(['cp1', 'cp2', 'cp3'], ['cp1']), 'cp2')).toBe(
      'etcd on cp2 cannot be restarted now: cp1 does not work, and all others are needed',
    );
  });

  test('is fine for the sick one itself, for one of five with one sick, and where there is no quorum to lose', () => {
    expect(restart(rows(['cp1', 'cp2', 'cp3'], ['cp1']), 'cp1')).toBeUndefined();
    expect(restart(rows(['cp1', 'cp2', 'cp3', 'cp4', 'cp5'], ['cp1']), 'cp2')).toBeUndefined();
    expect(restart(rows(['cp1', 'cp2', 'cp3'], ['cp1', 'cp2']), 'cp3')).toBeUndefined();
  });

  test('is fine where all are well, be it one alone', () => {
    expect(restart(rows(['cp1']), 'cp1')).toBeUndefined();
    expect(restart(rows(['cp1', 'cp2']), 'cp1')).toBeUndefined();
    expect(restart(rows(['cp1', 'cp2', 'cp3']), 'cp1')).toBeUndefined();
  });
});
