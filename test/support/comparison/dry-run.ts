import { parse } from 'yaml';

/** What `kubeadm init --dry-run` says it would do. */
export interface DryRun {
  /** Text by path. */
  readonly files: ReadonlyMap<string, string>;
  /** Objects it would create. */
  readonly objects: readonly DryRunObject[];
  /** Names and addresses by certificate: `apiserver`, `etcd/server`, `etcd/peer`. */
  readonly sans: ReadonlyMap<string, { readonly dns: readonly string[]; readonly ip: readonly string[] }>;
}

/** An object as kubeadm would send it. */
export interface DryRunObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

const FILE = /^\[dryrun\] Would write file "(.*)" with content:$/;
const OBJECT = '[dryrun] Attached object:';
const SANS = /^\[certs\] (\S+) serving cert is signed for DNS names \[(.*)\] and IPs \[(.*)\]$/;

/** Lines with a tab in front belong to the line before them. */
function blocks(text: string): readonly { readonly heading: string; readonly body: string }[] {
  const found: { heading: string; body: string[] }[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('\t')) found.at(-1)?.body.push(line.slice(1));
    else found.push({ heading: line, body: [] });
  }
  return found.map(({ heading, body }) => ({ heading, body: body.map((line) => `${line}\n`).join('') }));
}

/** Reads the output of `kubeadm init --dry-run`. */
export function readDryRun(text: string): DryRun {
  const files = new Map<string, string>();
  const objects: DryRunObject[] = [];
  const sans = new Map<string, { dns: string[]; ip: string[] }>();
  for (const { heading, body } of blocks(text)) {
    const path = FILE.exec(heading)?.[1];
    if (path !== undefined) files.set(path, body);
    if (heading === OBJECT) objects.push(parse(body) as DryRunObject);
    const [, name, dns = '', ip = ''] = SANS.exec(heading) ?? [];
    if (name !== undefined) sans.set(name, { dns: dns.split(' '), ip: ip.split(' ') });
  }
  return { files, objects, sans };
}
