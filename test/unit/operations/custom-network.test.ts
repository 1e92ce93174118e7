import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createCustomNetworkSource } from '../../../src/operations/custom-network.js';
import { aClusterSpec } from '../../support/cluster-spec.js';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kbs-custom-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function source(...names: readonly string[]) {
  const manifests = names.map((name) => join(directory, name));
  return createCustomNetworkSource(aClusterSpec({ spec: { network: { cni: { type: 'custom', manifests } } } }));
}

function file(name: string, text: string): void {
  writeFileSync(join(directory, name), text);
}

const NAMESPACE = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: net }\n';

test('every document of files and folders is read, lists taken apart, in the order of names', async () => {
  mkdirSync(join(directory, 'more'));
  file('one.yaml', `---\n${NAMESPACE}---\n# nothing\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: { name: net, namespace: net }\n`);
  file('more/b.json', '{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"b"}}]}');
  file('more/a.yml', 'apiVersion: v1\nkind: Namespace\nmetadata: { name: a }\n');
  file('more/README.md', 'no manifest');
  const objects = await source('one.yaml', 'more')();
  expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
    'Namespace net',
    'ServiceAccount net',
    'Namespace a',
    'Namespace b',
  ]);
});

test('with another network nothing is read', async () => {
  expect(await createCustomNetworkSource(aClusterSpec())()).toEqual([]);
});

test.each([
  ['no YAML', 'a: [', /one\.yaml — /],
  ['no object', '- 1\n', /a document that is no object/],
  ['no kind', 'metadata: { name: a }\n', /without apiVersion and kind/],
  ['no name', 'apiVersion: v1\nkind: Namespace\nmetadata: { generateName: a }\n', /a Namespace without a name/],
  ['what kubectl would put into default', 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n', /ConfigMap a has no namespace/],
  ['the same twice', `${NAMESPACE}---\n${NAMESPACE}`, /v1 Namespace net is in .*one\.yaml already/],
])('%s is refused with the file', async (_what, text, message) => {
  file('one.yaml', text);
  const details = await source('one.yaml')().catch((error: { code: string; details: readonly string[] }) => [error.code, ...error.details]);
  expect(details).toEqual(['CONFIG_INVALID', expect.stringMatching(message)]);
});
