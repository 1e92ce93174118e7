import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AnyStep } from '../../../../src/engine/index.js';
import { KbsError } from '../../../../src/errors/index.js';
import { modulesStep, sysctlsStep } from '../../../../src/phases/reset/kernel-steps.js';
import { mountLook, unescapeMount } from '../../../../src/phases/reset/mounts-step.js';
import { halfWrittenStep, pathsStep } from '../../../../src/phases/reset/paths-step.js';
import { isManaged, RESET_PHASES } from '../../../../src/phases/reset/index.js';
import { treesStep } from '../../../../src/phases/reset/trees-step.js';
import { disableUnitsStep, formerUnitsStep } from '../../../../src/phases/reset/unit-steps.js';
import { memoryHost, stepContext, type MemoryHost } from '../../../support/memory-host.js';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kbs-reset-'));
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

/** A host whose commands really run, with the journal's originals in a folder of the test. */
function shellHost(): MemoryHost {
  const run = (text: string): string =>
    execFileSync('/bin/sh', ['-c', text.replaceAll('/etc/kbs/original', `${root}/original`)], { encoding: 'utf8' }).replace(/\n$/, '');
  return memoryHost({ answers: [[/[\s\S]*/, run]] });
}

function put(path: string, content = '', mode = 0o644): string {
  const full = join(root, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, content, { mode });
  chmodSync(full, mode);
  return full;
}

async function apply(step: AnyStep, host = shellHost()): Promise<string> {
  const prepared = await step.prepare(host, stepContext());
  if (prepared.plan.change === 'none') return 'none';
  await prepared.apply();
  return prepared.plan.summary;
}

describe('files outside of the cluster’s folders', () => {
  test('come back with content, mode and time, links as links; new ones and the folders around them go', async () => {
    const file = put('etc/tool.conf', 'changed', 0o600);
    const original = put(`original${file}`, 'as it was', 0o640);
    utimesSync(original, 1_500_000_000, 1_500_000_000);
    const link = put('bin/ctr', 'a program');
    mkdirSync(join(root, 'original', dirname(link)), { recursive: true });
    symlinkSync('/opt/mine', `${root}/original${link}`);
    const fresh = put('new/folder/program');
    const paths = [
      { kind: 'path', path: fresh, was: 'absent' },
      { kind: 'path', path: dirname(fresh), was: 'absent' },
      { kind: 'path', path: join(root, 'new'), was: 'absent' },
      { kind: 'path', path: link, was: 'link' },
      { kind: 'path', path: file, was: 'file' },
    ] as const;
    const summary = await apply(pathsStep({ paths, trees: [] }));
    expect(summary).toContain(`remove ${fresh}`);
    expect(summary).toContain(`restore ${link}, ${file}`);
    expect(readFileSync(file, 'utf8')).toBe('as it was');
    expect(statSync(file)).toMatchObject({ mtimeMs: 1_500_000_000_000 });
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(lstatSync(link).isSymbolicLink() && readlinkSync(link)).toBe('/opt/mine');
    expect(existsSync(join(root, 'new'))).toBe(false);
    expect(await apply(pathsStep({ paths, trees: [] }))).toBe('none');
  });

  test('a folder kbs made stays when somebody else uses it by now', async () => {
    const own = put('units/kubelet.service.d/10-kubeadm.conf');
    const foreign = put('units/kubelet.service.d/20-admin.conf', 'mine');
    const paths = [own, dirname(own)].map((path) => ({ kind: 'path', path, was: 'absent' }) as const);
    await apply(pathsStep({ paths, trees: [] }));
    expect(existsSync(own)).toBe(false);
    expect(readFileSync(foreign, 'utf8')).toBe('mine');
  });

  test('a folder gets its mode back', async () => {
    const folder = dirname(put('data/file'));
    chmodSync(folder, 0o700);
    mkdirSync(`${root}/original${folder}`, { recursive: true });
    chmodSync(`${root}/original${folder}`, 0o755);
    await apply(pathsStep({ paths: [{ kind: 'path', path: folder, was: 'directory' }], trees: [] }));
    expect(statSync(folder).mode & 0o777).toBe(0o755);
  });

  test('an original that an earlier reset has used up is no reason to touch the file', async () => {
    const file = put('etc/tool.conf', 'as it was');
    expect(await apply(pathsStep({ paths: [{ kind: 'path', path: file, was: 'file' }], trees: [] }))).toBe('none');
    expect(existsSync(file)).toBe(true);
  });

  test('what was being written when kbs was killed goes, files of others with a dot stay', async () => {
    const program = put('bin/kubelet');
    const half = [put('bin/.kbs-part-0123456789abcdef-1ed'), put('bin/.kbs-aB3xY9zQ'), put('bin/runc.kbs-new')];
    const foreign = [put('bin/.kbsrc'), put('bin/.profile')];
    await apply(halfWrittenStep({ paths: [{ kind: 'path', path: program, was: 'absent' }], trees: [] }));
    expect(half.filter(existsSync)).toEqual([]);
    expect(foreign.filter((path) => !existsSync(path))).toEqual([]);
  });
});

describe('folders of the cluster', () => {
  const former = { mounts: new Set<string>(), keepsRuntime: false };

  test('that were absent go with all that is in them', async () => {
    const tree = dirname(dirname(put('kubelet/pods/a')));
    await apply(treesStep({ ...former, trees: [{ kind: 'tree', path: tree, was: 'absent' }], contentOf: () => undefined }));
    expect(existsSync(tree)).toBe(false);
  });

  test('that were there lose what came since, and keep what was in them and what is below it', async () => {
    const kept = [put('kubelet/admin/file'), put('kubelet/admin/deep/er/file'), put('kubelet/with space/x')];
    const fresh = [put('kubelet/pods/a/b/c'), put('kubelet/config.yaml'), put('kubelet/admin/new')];
    const tree = join(root, 'kubelet');
    const content = new Set(['', 'admin', 'admin/file', 'admin/deep', 'with space', 'with space/x']);
    const contentOf = (path: string): ReadonlySet<string> | undefined => (path === tree ? content : undefined);
    const step = treesStep({ ...former, trees: [{ kind: 'tree', path: tree, was: 'directory' }], contentOf });
    await apply(step);
    expect(kept.filter((path) => !existsSync(path))).toEqual([]);
    expect(fresh.filter(existsSync)).toEqual([]);
    expect(await apply(step)).toBe('none');
  });

  test('of configuration that were there are left to single files', async () => {
    const file = put('cni/net.d/10-flannel.conflist');
    const trees = [{ kind: 'tree', path: join(root, 'cni'), was: 'directory' }] as const;
    expect(await apply(treesStep({ ...former, trees, contentOf: () => undefined }))).toBe('none');
    expect(existsSync(file)).toBe(true);
  });

  test('where the runtime goes on, only the namespace of Kubernetes goes', async () => {
    const tree = '/run/containerd';
    const trees = [{ kind: 'tree', path: tree, was: 'directory' }] as const;
    const host = shellHost();
    const here = (text: string): string => text.replaceAll(tree, join(root, 'run'));
    const step = treesStep({
      ...former,
      keepsRuntime: true,
      trees,
      contentOf: () => new Set(['', 'tasks', 'tasks/moby']),
    });
    const [kept, fresh] = [put('run/tasks/default/task'), put('run/tasks/k8s.io/task')];
    const local = memoryHost({ answers: [[/[\s\S]*/, async (text) => host.run({ text: here(text) })]] });
    await apply(step, local);
    expect([existsSync(kept), existsSync(fresh)]).toEqual([true, false]);
  });

  test('nothing is removed below which something is still mounted', async () => {
    const found = '/srv/kubelet';
    const host = memoryHost({
      answers: [
        ['rm -rf --one-file-system', new KbsError('REMOTE_COMMAND', 'still mounted')],
        [/[\s\S]*/, found],
      ],
    });
    const step = treesStep({ ...former, trees: [{ kind: 'tree', path: found, was: 'absent' }], contentOf: () => undefined });
    await expect(apply(step, host)).rejects.toMatchObject({ code: 'REMOTE_COMMAND' });
    const command = host.ran.find((text) => text.includes('rm -rf')) ?? '';
    expect(command.indexOf('mountinfo')).toBeGreaterThanOrEqual(0);
    expect(command.indexOf('mountinfo')).toBeLessThan(command.indexOf('rm -rf'));
  });
});

describe('mounts', () => {
  test('are found at and below a path, not beside it, and those to be kept are left out', () => {
    const look = (folders: readonly string[], except: readonly string[]): readonly string[] =>
      execFileSync('/bin/sh', ['-c', mountLook(folders, except).text], { encoding: 'utf8' })
        .split('\n')
        .filter((line) => line !== '');
    expect(look(['/proc'], [])).toContain('/proc');
    expect(look(['/proc'], ['/proc'])).not.toContain('/proc');
    expect(look(['/pro'], [])).toEqual([]);
  });

  test('are unmounted by their real names', () => {
    expect(unescapeMount('/var/lib/kubelet/pods/a\\040b\\134c')).toBe('/var/lib/kubelet/pods/a b\\c');
  });
});

describe('the kernel', () => {
  test('settings go back to what they were, and only those that moved are written', async () => {
    const host = memoryHost({
      answers: [
        ['>/proc/sys/net/ipv4/ip_forward', ''],
        ['tr ', (_text, { ran }) => (ran.length > 2 ? '0\n\n60\n' : '1\n\n60\n')],
      ],
    });
    const sysctls = [
      { kind: 'sysctl', key: 'net.ipv4.ip_forward', was: '0' },
      { kind: 'sysctl', key: 'net.bridge.bridge-nf-call-iptables', was: '0' },
      { kind: 'sysctl', key: 'kernel.panic', was: '60' },
    ] as const;
    expect(await apply(sysctlsStep({ sysctls }), host)).toBe('net.ipv4.ip_forward 1 → 0');
    expect(host.ran.filter((text) => text.includes('printf'))).toEqual(["printf '%s\\n' 0 >/proc/sys/net/ipv4/ip_forward"]);
  });

  test('a module that others use by now stays, with a warning', async () => {
    const host = memoryHost({
      answers: [
        ['/proc/modules', 'br_netfilter\noverlay'],
        ['modprobe', 'false'],
      ],
    });
    const context = stepContext();
    const prepared = await modulesStep({ modules: ['br_netfilter', 'vxlan'] }).prepare(host, context);
    expect(prepared.plan).toMatchObject({ summary: 'unload br_netfilter' });
    await prepared.apply();
    expect(context.warnings).toHaveLength(1);
  });
});

describe('units', () => {
  test('that were enabled before are not disabled, those that kbs enabled are', async () => {
    const host = memoryHost({ units: { 'containerd.service': {}, 'kubelet.service': {} } });
    const units = [
      { kind: 'unit', unit: 'containerd.service', enabled: 'enabled', active: 'active' },
      { kind: 'unit', unit: 'kubelet.service', enabled: 'not-found', active: 'inactive' },
    ] as const;
    await apply(disableUnitsStep({ units }), host);
    expect(host.changes).toEqual(['unit disable kubelet.service']);
  });

  test('a runtime that ran before runs again, with the files it had', async () => {
    const host = memoryHost({
      units: { 'containerd.service': { startedMs: 500_000 } },
      files: { '/etc/containerd/config.toml': { content: 'old', ctimeMs: 600_000 } },
    });
    const former = {
      units: [{ kind: 'unit', unit: 'containerd.service', enabled: 'enabled', active: 'active' }],
      paths: [{ kind: 'path', path: '/etc/containerd/config.toml', was: 'file' }],
    } as const;
    expect(await apply(formerUnitsStep(former), host)).toBe('restart containerd.service');
    expect(await apply(formerUnitsStep(former), host)).toBe('none');
  });

  test('a target the kubelet pulled in is stopped again', async () => {
    const host = memoryHost({ units: { 'network-online.target': { enabled: 'static', startedMs: undefined } } });
    const units = [{ kind: 'unit', unit: 'network-online.target', enabled: 'static', active: 'inactive' }] as const;
    expect(await apply(formerUnitsStep({ units, paths: [] }), host)).toBe('stop network-online.target');
  });
});

describe('the phases', () => {
  async function stepIds(host: MemoryHost): Promise<readonly string[]> {
    const lists = await Promise.all(RESET_PHASES.map(async (phase) => phase.steps({ api: undefined }, host)));
    return lists.flat().map(({ id }) => id);
  }

  test('do nothing but forget on a host where the first note was not finished', async () => {
    const host = memoryHost({ journal: [{ kind: 'tree', path: '/var/lib/kubelet', was: 'absent' }] });
    expect(await stepIds(host)).toEqual(['reset/forget']);
  });

  test('stop the kubelet first and lose the journal last', async () => {
    const ids = await stepIds(memoryHost({ journal: [{ kind: 'note', name: 'baseline', value: '1' }] }));
    expect(ids.slice(0, 3)).toEqual(['reset/quiet', 'reset/stop-kubelet', 'reset/stop-containerd']);
    expect(ids.at(-1)).toBe('reset/forget');
    expect(ids.indexOf('reset/mounts')).toBeLessThan(ids.indexOf('reset/trees'));
    expect(ids.indexOf('reset/disable-units')).toBeLessThan(ids.indexOf('reset/paths'));
  });

  test('leave a container runtime that ran before alone', async () => {
    const journal = [
      { kind: 'unit', unit: 'containerd.service', enabled: 'enabled', active: 'active' },
      { kind: 'note', name: 'baseline', value: '1' },
    ] as const;
    const ids = await stepIds(memoryHost({ journal }));
    expect(ids).not.toContain('reset/stop-containerd');
    expect(ids).toContain('reset/runtime-content');
  });

  test('a host is kbs’s also when a reset died between renaming and removing its notes', async () => {
    expect(await isManaged(memoryHost())).toBe(false);
    expect(await isManaged(memoryHost({ files: { '/etc/kbs/': '' } }))).toBe(true);
    expect(await isManaged(memoryHost({ files: { '/etc/kbs.discarded/': '' } }))).toBe(true);
  });
});
