import { isDeepStrictEqual } from 'node:util';
import { isMap, isSeq, type Document, type YAMLMap, type YAMLSeq } from 'yaml';
import { Secret } from '../secret/index.js';
import { fieldsOf, namedEntry, notAKubeconfig, readDocument, revealed, type Fields } from './document.js';
import { parseKubeconfig } from './read.js';
import type { MergedKubeconfig, MergeOptions } from './types.js';

const EMPTY = 'apiVersion: v1\nkind: Config\npreferences: {}\nclusters: []\ncontexts: []\nusers: []\n';

/** One entry that goes into one of the lists. */
interface Entry {
  readonly list: 'clusters' | 'contexts' | 'users';
  /** What the entry's content lies below, and what it is called in messages. */
  readonly key: 'cluster' | 'context' | 'user';
  readonly name: string;
  readonly content: Fields;
}

/**
 * Adds the current context of `added` with its cluster and user to a kubeconfig, or renews them; comments, order and
 * everything else of `existing` stay.
 * @throws KbsError FILE_READ when one of them is no kubeconfig
 */
export function mergeKubeconfig(existing: string | undefined, added: string | Secret, options: MergeOptions): MergedKubeconfig {
  const isNew = existing === undefined || existing.trim() === '';
  const document = readDocument(isNew ? EMPTY : existing);
  const replaced = entriesOf(added, options.contextName).filter((entry) => putEntry(document, entry));
  if (options.setCurrent || isNew) document.set('current-context', options.contextName);
  // kubectl does not indent lists; whoever does keeps it that way.
  const indentSeq = !isNew && /^(clusters|contexts|users):[^\n]*\n +-/m.test(existing);
  return {
    text: new Secret(document.toString({ lineWidth: 0, indentSeq })),
    replaced: replaced.map(({ key, name }) => `${key} ${name}`),
  };
}

function entriesOf(added: string | Secret, contextName: string): readonly Entry[] {
  const { clusterName, userName } = parseKubeconfig(added);
  const config = fieldsOf(readDocument(revealed(added)).toJS());
  const ownUser = `${contextName}-admin`;
  return [
    { list: 'clusters', key: 'cluster', name: contextName, content: namedEntry(config['clusters'], clusterName, 'cluster') ?? {} },
    { list: 'contexts', key: 'context', name: contextName, content: { cluster: contextName, user: ownUser } },
    { list: 'users', key: 'user', name: ownUser, content: namedEntry(config['users'], userName, 'user') ?? {} },
  ];
}

/** Says whether an entry of this name was there with other content. */
function putEntry(document: Document, { list, key, name, content }: Entry): boolean {
  const entries = listIn(document, list);
  const found = entries.items.filter((item): item is YAMLMap => isMap(item)).find((item) => item.get('name') === name);
  if (found === undefined) {
    entries.add(document.createNode({ name, [key]: content }));
    return false;
  }
  const former = fieldsOf(found.toJS(document))[key];
  // A context may have more (a namespace) that is the user's; a cluster or user is wholly the cluster's.
  const wanted = key === 'context' ? { ...fieldsOf(former), ...content } : content;
  if (isDeepStrictEqual(former, wanted)) return false;
  found.set(key, document.createNode(wanted));
  return true;
}

function listIn(document: Document, name: Entry['list']): YAMLSeq {
  const found = document.get(name);
  if (isSeq(found)) {
    if (found.items.length === 0) found.flow = false;
    return found;
  }
  if (found !== undefined && found !== null) throw notAKubeconfig(`${name} is no list`);
  const list = document.createNode([]) as YAMLSeq;
  list.flow = false;
  document.set(name, list);
  return list;
}
