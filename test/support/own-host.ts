import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { capture, output, type CommandResult } from '../lab/command.js';
import type { Lab } from '../lab/lab.js';

const ROOT = resolve(import.meta.dirname, '..', '..');
/** What `package.json` publishes, and what it needs to run. */
const PARTS = ['bin', 'dist', 'templates', 'manifests', 'oclif.manifest.json', 'package.json'];
/** Shared libraries of Node that a bare host may not have. */
const LIBRARIES = /^\s*lib(?:stdc\+\+|gcc_s)\S* => (\S+)/;

/** Where things are on a host that runs kbs itself. */
export const ON_HOST = { kbs: '/opt/kbs', node: '/opt/node', bundle: '/opt/bundle', scratch: '/tmp/kbs' } as const;

interface LockFile {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly optional?: boolean }>>;
}

async function runtimePackages(): Promise<readonly string[]> {
  const { packages } = JSON.parse(await readFile(resolve(ROOT, 'package-lock.json'), 'utf8')) as LockFile;
  const names = Object.entries(packages).filter(([path, { dev, optional }]) => path.startsWith('node_modules/') && !dev && !optional);
  return names.map(([path]) => path);
}

async function nodeLibraries(): Promise<readonly string[]> {
  const lines = (await output(['ldd', process.execPath])).split('\n');
  return lines.flatMap((line) => LIBRARIES.exec(line)?.[1] ?? []);
}

const SEND = `set -o pipefail
from=$1 to=$2 names=$3; shift 3
printf '%s\\n' "$names" | tar -C "$from" -chf - -T - | "$@" "mkdir -p $to && tar -C $to -xf - --no-same-owner"`;

/** Unpacks files of this machine into a folder of a host, links followed. */
async function send(
  lab: Lab,
  host: string,
  files: { readonly from: string; readonly names: readonly string[]; readonly to: string },
): Promise<void> {
  const { from, names, to } = files;
  const options = ['-i', lab.identityFile, '-o', `UserKnownHostsFile=${lab.knownHostsFile}`, '-o', 'LogLevel=ERROR'];
  const login = [...lab.operator, 'ssh', '-F', 'none', ...options, `root@${lab.host(host).address}`];
  const sent = await capture(['bash', '-c', SEND, 'send', from, to, names.join('\n'), ...login], { timeoutMs: 300_000 });
  if (sent.exitCode !== 0) throw new Error(`nothing was sent to ${host}: ${sent.stderr}`);
}

/** Puts kbs with its Node, and a bundle folder if wanted, on a bare host, as an administrator would: afterwards `kbs` is a command there. */
export async function installKbs(lab: Lab, host: string, bundle?: string): Promise<void> {
  const libraries = await nodeLibraries();
  await send(lab, host, { from: ROOT, names: [...PARTS, ...(await runtimePackages())], to: ON_HOST.kbs });
  await send(lab, host, { from: dirname(process.execPath), names: ['node'], to: ON_HOST.node });
  for (const library of libraries) {
    await send(lab, host, { from: dirname(library), names: [library.slice(dirname(library).length + 1)], to: `${ON_HOST.node}/lib` });
  }
  if (bundle !== undefined) await send(lab, host, { from: bundle, names: ['.'], to: ON_HOST.bundle });
  const starter = ['#!/bin/sh', `LD_LIBRARY_PATH=${ON_HOST.node}/lib exec ${ON_HOST.node}/node ${ON_HOST.kbs}/bin/run.js "$@"`];
  const made = await lab.ssh(host, 'cat > /usr/local/bin/kbs && chmod 755 /usr/local/bin/kbs && kbs --version', {
    input: `${starter.join('\n')}\n`,
  });
  if (made.exitCode !== 0) throw new Error(`kbs does not start on ${host}: ${made.stderr}`);
}

/** Runs kbs on the host itself, as root, its cache and logs in a scratch folder. */
export function kbsOn(lab: Lab, host: string, command: string, input?: string): Promise<CommandResult> {
  const environment = `XDG_DATA_HOME=${ON_HOST.scratch}/data XDG_CACHE_HOME=${ON_HOST.scratch}/cache`;
  return lab.ssh(host, `${environment} ${command}`, { ...(input === undefined ? {} : { input }), timeoutMs: 600_000 });
}
