import { X509Certificate } from 'node:crypto';
import { parse } from 'yaml';
import type { Lab } from '../../lab/lab.js';
import { pemBlocks, pemFacts } from './certificate-facts.js';
import { neutral } from './neutral.js';
import { toFacts, type Facts } from './tree.js';

/** Where kubeadm writes. Pods, plugins and sockets below the kubelet's folder are the kubelet's own doing. */
const LOOK = `
cd /
find etc/kubernetes var/lib/kubelet -path 'var/lib/kubelet/*/*' ! -path 'var/lib/kubelet/pki/*' -prune -o -printf 'entry\\t/%p\\t%y %m %U:%G\\t%l\\n'
find var/lib/etcd -maxdepth 1 -printf 'entry\\t/%p\\t%y %m %U:%G\\t%l\\n' 2>/dev/null
find etc/kubernetes var/lib/kubelet/pki var/lib/kubelet/config.yaml var/lib/kubelet/kubeadm-flags.env -type f | while read -r file; do
  printf 'content\\t/%s\\t%s\\n' "$file" "$(base64 -w 0 "$file")"
done
`;

interface Kubeconfig {
  readonly clusters?: readonly { readonly name: string; readonly cluster: unknown }[] | null;
  readonly contexts?: readonly { readonly name: string; readonly context: { readonly cluster: string; readonly user: string } }[] | null;
  readonly users?: readonly { readonly name: string; readonly user: unknown }[] | null;
  readonly 'current-context'?: string;
}

/** What a kubeconfig comes to, whatever its entries are called. */
function meaning(config: Kubeconfig): unknown {
  const context = config.contexts?.find(({ name }) => name === config['current-context'])?.context;
  return {
    cluster: config.clusters?.find(({ name }) => name === context?.cluster)?.cluster ?? 'none',
    user: config.users?.find(({ name }) => name === context?.user)?.user ?? 'none',
  };
}

async function kubeconfigFacts(text: string, authorities: readonly X509Certificate[], names: AuthorityNames): Promise<Facts> {
  const decode = (data: string): string => Buffer.from(data, 'base64').toString('utf8');
  const config = parse(neutral(text)) as Kubeconfig;
  const facts = toFacts({ meaning: meaning(config), ...config });
  const resolve = async (value: Facts, name: string): Promise<Facts> => {
    if (typeof value === 'string' && name.endsWith('-data')) {
      return names.get(decode(value).trim()) ?? pemFacts(decode(value), authorities);
    }
    if (typeof value !== 'object' || value === null) return value;
    const fields = Object.entries(value).map(async ([key, field]) => [key, await resolve(field, key)] as const);
    return Object.fromEntries(await Promise.all(fields));
  };
  return resolve(facts, '');
}

/** `--name=value` flags of `VARIABLE="…"`. */
function environmentFacts(text: string): Facts {
  const [, name = '', value = ''] = /^(\w+)="(.*)"\n?$/.exec(text) ?? [];
  return { [name]: toFacts(neutral(value).split(' ')) };
}

/** Authorities' certificates by their PEM text. */
export type AuthorityNames = ReadonlyMap<string, string>;

interface HostFiles {
  /** type, mode and owner; target of a link */
  readonly entries: ReadonlyMap<string, string>;
  readonly contents: ReadonlyMap<string, string>;
}

async function readHost(lab: Lab, host: string): Promise<HostFiles> {
  const { stdout, stderr, exitCode } = await lab.exec(host, ['sh', '-c', LOOK]);
  if (exitCode !== 0 && stdout === '') throw new Error(`${host}: ${stderr}`);
  const rows = stdout.split('\n').map((line) => line.split('\t'));
  const entries = rows
    .filter(([kind]) => kind === 'entry')
    .map(([, path = '', mode = '', link = '']) => [path, `${mode} ${link}`.trim()] as const);
  const contents = rows
    .filter(([kind]) => kind === 'content')
    .map(([, path = '', data = '']) => [path, Buffer.from(data, 'base64').toString('utf8')] as const);
  return { entries: new Map(entries), contents: new Map(contents) };
}

async function contentFacts(path: string, text: string, authorities: readonly X509Certificate[], names: AuthorityNames): Promise<Facts> {
  if (/\.(crt|key|pub|pem)$/.test(path)) return pemFacts(text, authorities);
  if (path.endsWith('.conf')) return kubeconfigFacts(text, authorities, names);
  if (path.endsWith('.yaml')) return toFacts(parse(neutral(text)));
  if (path.endsWith('.env')) return environmentFacts(text);
  return neutral(text);
}

/** Hosts of one cluster, with what they say about its authorities. */
export interface HostsFacts {
  readonly facts: Facts;
  readonly authorities: AuthorityNames;
}

/** Files of kubeadm's business on hosts of a cluster: type, mode, owner, and what the content means. */
export async function hostsFacts(lab: Lab, hosts: readonly string[]): Promise<HostsFacts> {
  const files = await Promise.all(hosts.map(async (host) => [host, await readHost(lab, host)] as const));
  const pki = files
    .flatMap(([, { contents }]) => [...contents])
    .filter(([path]) => /\/(ca|front-proxy-ca)\.crt$/.test(path))
    .map(([path, text]) => [pemBlocks(text)[0] ?? '', `<${path}>`] as const);
  const names = new Map(pki);
  const authorities = [...names.keys()].map((pem) => new X509Certificate(pem));
  const trees = files.map(async ([host, { entries, contents }]) => {
    const paths = [...entries].map(async ([path, mode]): Promise<[string, Facts]> => {
      const text = contents.get(path);
      const content = text === undefined ? {} : { content: await contentFacts(path, text, authorities, names) };
      return [neutral(path), { entry: neutral(mode), ...content }];
    });
    return [host, Object.fromEntries(await Promise.all(paths))] as const;
  });
  return { facts: Object.fromEntries(await Promise.all(trees)), authorities: names };
}
