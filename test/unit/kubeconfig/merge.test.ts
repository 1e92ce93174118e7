import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { mergeKubeconfig, parseKubeconfig, renderKubeconfig } from '../../../src/kubeconfig/index.js';
import { Secret } from '../../../src/secret/index.js';

/** A kubeconfig of a cluster; merging does not look into certificates. */
function kubeconfigOf(server: string): Secret {
  const credentials = { kind: 'token', token: new Secret(`token-of-${server}`) } as const;
  return renderKubeconfig({ clusterName: 'kubernetes', server, caCertificate: 'CA' }, 'kubernetes-admin', credentials);
}

const MINE = `# kept by hand
apiVersion: v1
kind: Config
current-context: work # the usual one
clusters:
- name: work
  cluster:
    server: https://work.example.org # behind the VPN
contexts:
- name: work
  context:
    cluster: work
    user: me
users:
- name: me
  user:
    token: abc
preferences: {}
`;

const demo = { contextName: 'demo', setCurrent: false };

describe('merging a kubeconfig', () => {
  test('into nothing gives one with that context as the current one', () => {
    for (const existing of [undefined, '', '\n']) {
      const { text, replaced } = mergeKubeconfig(existing, kubeconfigOf('https://a:6443'), demo);
      expect(replaced).toEqual([]);
      expect(parseKubeconfig(text)).toMatchObject({
        contextName: 'demo',
        clusterName: 'demo',
        userName: 'demo-admin',
        server: 'https://a:6443',
        caCertificate: 'CA',
      });
    }
  });

  test('leaves every line that was there as it was', () => {
    const merged = mergeKubeconfig(MINE, kubeconfigOf('https://a:6443'), demo).text.reveal().split('\n');
    const added = merged.filter((line) => !MINE.split('\n').includes(line));
    expect(merged.filter((line) => !added.includes(line)).join('\n')).toContain('server: https://work.example.org # behind the VPN');
    expect(MINE.split('\n').every((line) => merged.includes(line))).toBe(true);
    expect(merged.indexOf('# kept by hand')).toBe(0);
    expect(merged).toContain('current-context: work # the usual one');
  });

  test('makes the context the current one only when asked to', () => {
    const current = (setCurrent: boolean): string =>
      parseKubeconfig(mergeKubeconfig(MINE, kubeconfigOf('https://a:6443'), { contextName: 'demo', setCurrent }).text).contextName;
    expect(current(false)).toBe('work');
    expect(current(true)).toBe('demo');
  });

  test('twice is the same as once', () => {
    const once = mergeKubeconfig(MINE, kubeconfigOf('https://a:6443'), demo).text.reveal();
    const twice = mergeKubeconfig(once, kubeconfigOf('https://a:6443'), demo);
    expect(twice.text.reveal()).toBe(once);
    expect(twice.replaced).toEqual([]);
  });

  test('tells what it replaced when the cluster was built anew', () => {
    const before = mergeKubeconfig(MINE, kubeconfigOf('https://a:6443'), demo).text.reveal();
    const after = mergeKubeconfig(before, kubeconfigOf('https://b:6443'), { ...demo, setCurrent: true });
    expect(after.replaced).toEqual(['cluster demo', 'user demo-admin']);
    expect(parseKubeconfig(after.text).server).toBe('https://b:6443');
    expect(after.text.reveal()).not.toContain('https://a:6443');
  });

  test('keeps the namespace somebody chose for the context', () => {
    const before = mergeKubeconfig(undefined, kubeconfigOf('https://a:6443'), demo).text.reveal();
    const chosen = before.replace('    user: demo-admin\n', '    user: demo-admin\n    namespace: shop\n');
    const after = mergeKubeconfig(chosen, kubeconfigOf('https://b:6443'), demo).text.reveal();
    expect((parse(after) as { contexts: unknown }).contexts).toEqual([
      { name: 'demo', context: { cluster: 'demo', user: 'demo-admin', namespace: 'shop' } },
    ]);
  });

  test('keeps two clusters apart although both call themselves kubernetes', () => {
    const first = mergeKubeconfig(undefined, kubeconfigOf('https://a:6443'), { contextName: 'a', setCurrent: true }).text.reveal();
    const both = mergeKubeconfig(first, kubeconfigOf('https://b:6443'), { contextName: 'b', setCurrent: false }).text;
    expect(parseKubeconfig(both)).toMatchObject({ contextName: 'a', server: 'https://a:6443' });
    expect((parse(both.reveal()) as { clusters: unknown[] }).clusters).toHaveLength(2);
  });

  test('keeps the indentation of lists', () => {
    const indented = 'clusters:\n  - name: x\n    cluster:\n      server: https://x\ncontexts: null\nusers: []\n';
    const { text } = mergeKubeconfig(indented, kubeconfigOf('https://a:6443'), demo);
    expect(text.reveal()).toContain('clusters:\n  - name: x\n    cluster:\n      server: https://x\n  - name: demo\n');
  });

  test.each(['users: [', 'clusters: 5', '- a'])('refuses to write over what is no kubeconfig: %s', (existing) => {
    expect(() => mergeKubeconfig(existing, kubeconfigOf('https://a:6443'), demo)).toThrow(expect.objectContaining({ code: 'FILE_READ' }));
  });
});
