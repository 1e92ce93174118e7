import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { capture, output } from '../command.js';
import { LabError } from '../lab-error.js';
import { withLock } from '../lock.js';
import { report } from '../report.js';
import { labArchitecture } from './architecture.js';
import { ensureCacheEntry, type CacheEntry } from './cache-entry.js';
import { COMPONENTS_DIRECTORY, type GoSet, kubernetesSet } from './go-sets.js';
import { ensureKubernetesModule, GO_ENVIRONMENT, readModule } from './go-module.js';

// The compiler spends a fifth of its time on collecting garbage that there is room for. No part of what is built.
const FAST_COMPILER = { GOGC: '400' };

let knownVersion: Promise<string> | undefined;

/** What `go version` says. @throws LabError when there is no Go. */
function goVersion(): Promise<string> {
  knownVersion ??= output(['go', 'version'], { env: GO_ENVIRONMENT }).then(
    (text) => text.trim(),
    (error: unknown) => {
      throw new LabError('no Go compiler found', 'install Go 1.23 or newer and put its bin directory into PATH', { cause: error });
    },
  );
  return knownVersion;
}

/** Compiles a set once and returns the directory with its programs. */
export async function ensureGoSet(set: GoSet): Promise<string> {
  return ensureCacheEntry(await entryOf(set, join(COMPONENTS_DIRECTORY, set.name), set.name));
}

/** Compiles a Kubernetes version once and returns the directory with its programs. */
export async function ensureKubernetes(version: string): Promise<string> {
  const module = await ensureKubernetesModule(version, await goVersion());
  return ensureCacheEntry(await entryOf(kubernetesSet(version), module, `kubernetes-${version}`));
}

/** What a set depends on, for the key of what is made from it. */
export async function goSetInputs(set: GoSet): Promise<string[]> {
  return (await entryOf(set, join(COMPONENTS_DIRECTORY, set.name), set.name)).inputs.slice();
}

async function entryOf(set: GoSet, module: string, name: string): Promise<CacheEntry> {
  const command = goCommand(set);
  const environment = { ...GO_ENVIRONMENT, CGO_ENABLED: set.cgo === true ? '1' : '0', GOARCH: labArchitecture().name };
  return {
    name,
    inputs: [...(await readModule(module)), await goVersion(), ...command, JSON.stringify(environment)],
    build: async (directory) => {
      if (set.cgo === true) await ensureCompiler();
      await output([...command.slice(0, 2), '-o', `${directory}/`, ...command.slice(2)], {
        cwd: module,
        env: { ...environment, ...FAST_COMPILER },
      });
    },
  };
}

function goCommand(set: GoSet): string[] {
  const tags = set.tags === undefined ? [] : ['-tags', set.tags];
  return ['go', 'build', '-trimpath', ...tags, '-ldflags', set.linkerFlags.join(' '), ...set.packages];
}

/** The directory of a module that a set depends on, in Go's own cache. */
export async function moduleDirectory(set: GoSet, path: string): Promise<string> {
  const cwd = join(COMPONENTS_DIRECTORY, set.name);
  await output(['go', 'mod', 'download', path], { cwd, env: GO_ENVIRONMENT });
  return (await output(['go', 'list', '-m', '-f', '{{.Dir}}', path], { cwd, env: GO_ENVIRONMENT })).trim();
}

async function ensureCompiler(): Promise<void> {
  if (await hasCompiler()) return;
  await withLock(
    '/run/kbs-lab-tools.lock',
    async () => {
      if (await hasCompiler()) return;
      report('installing gcc libc6-dev');
      const env = { DEBIAN_FRONTEND: 'noninteractive' };
      const apt = ['apt-get', '-q', '-o', 'DPkg::Lock::Timeout=300'];
      await output([...apt, 'update'], { env });
      await output([...apt, 'install', '-y', '--no-install-recommends', 'gcc', 'libc6-dev'], { env });
    },
    { removeFile: true },
  );
}

async function hasCompiler(): Promise<boolean> {
  try {
    await access('/usr/include/stdio.h');
    return (await capture(['gcc', '--version'])).exitCode === 0;
  } catch {
    return false;
  }
}
