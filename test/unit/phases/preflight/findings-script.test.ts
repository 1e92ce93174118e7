import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { gatherFindings, type PreflightInput } from '../../../../src/phases/preflight/index.js';
import { memoryHost } from '../../../support/memory-host.js';

const run = promisify(execFile);

/** Runs what it is told on this machine: the script only reads. */
const thisMachine = memoryHost({
  answers: [[/./, async (text) => (await run('/bin/sh', ['-c', text], { encoding: 'utf8' })).stdout]],
});

function anInput(more: Partial<PreflightInput>): PreflightInput {
  return {
    nodeName: 'n',
    address: '127.0.0.1',
    isNode: true,
    isControlPlane: false,
    runsEtcd: false,
    ports: [],
    disks: [],
    kernelNeeds: [],
    furtherCommands: [],
    sandboxes: [],
    maySwap: false,
    cgroupDriver: 'systemd',
    welcomeUnits: [],
    runtime: {
      title: 'containerd',
      unit: 'containerd.service',
      criSocket: 'unix:///var/run/containerd/containerd.sock',
      conflicts: [],
      isPackaged: false,
      sparedBy: undefined,
      leftovers: [],
      stateDir: '/var/lib/containerd',
    },
    etcdDataDir: '/nowhere',
    endpoint: undefined,
    podNetwork: undefined,
    hasOwnEvictionThresholds: false,
    ...more,
  };
}

describe.skipIf(process.platform !== 'linux')('the findings script on this machine', () => {
  test('finds who listens on a wanted port, and nobody on a free one', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const ports = [port, 1].map((number) => ({ port: number, component: 'test', process: 'node' }));
    try {
      const findings = await gatherFindings(thisMachine, anInput({ ports }));
      expect(findings.listeners).toEqual([{ port, pid: process.pid, process: expect.any(String) as string }]);
    } finally {
      server.close();
    }
  });

  test('says nothing of a program that ends while it looks', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kbs-findings-'));
    const listening = "require('net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port) })";
    const program = spawn(process.execPath, ['-e', listening], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const port = Number(String((await once(program.stdout, 'data'))[0]));
      const end = `kill ${program.pid}; while kill -0 ${program.pid} 2>/dev/null; do sleep 0.01; done`;
      writeFileSync(join(folder, 'find'), `#!/bin/sh\n${end}\nexec /usr/bin/find "$@"\n`, { mode: 0o755 });
      const env = { PATH: `${folder}:${process.env['PATH']}` };
      const meanwhile = memoryHost({
        answers: [[/./, async (text) => (await run('/bin/sh', ['-c', text], { encoding: 'utf8', env })).stdout]],
      });
      const ports = [{ port, component: 'test', process: 'node' }];
      expect((await gatherFindings(meanwhile, anInput({ ports }))).listeners).toEqual([]);
    } finally {
      program.kill();
      rmSync(folder, { recursive: true });
    }
  });

  test('sees space of paths that do not exist yet, and data in the etcd folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kbs-findings-'));
    try {
      const disks = [{ path: join(folder, 'not/yet here'), sizeBytes: 1, purpose: 'test' }];
      const empty = await gatherFindings(thisMachine, anInput({ disks, etcdDataDir: folder }));
      expect(empty.leftoverPaths).not.toContain(folder);
      expect(empty.disks.get(join(folder, 'not/yet here'))?.freeBytes).toBeGreaterThan(0);
      writeFileSync(join(folder, 'member'), '');
      expect((await gatherFindings(thisMachine, anInput({ etcdDataDir: folder }))).leftoverPaths).toContain(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('sees which devices can be opened, and what the CPU cannot do', async () => {
    const need = { className: 'kata', title: 'Kata', lowersOomScore: false, architectures: undefined, cure: '' };
    const devices = ['/dev/null', '/dev/kbs-test', '/etc/passwd'];
    const findings = await gatherFindings(thisMachine, anInput({ sandboxes: [{ ...need, devices, anyCpuFlag: ['kbs_test'] }] }));
    expect([...findings.missingDevices]).toEqual(['/dev/kbs-test', '/etc/passwd']);
    expect([...findings.missingCpuFlags]).toEqual(['kbs_test']);
    expect(existsSync('/dev/kbs-test')).toBe(false);
  });

  test('asks the kernel without modules too: evidence in /proc counts, nonsense is not there', async () => {
    const modules = [
      { name: 'kbs_test_evidence', builtInEvidence: ['/proc/self/status'] },
      { name: 'kbs_test_word', builtInEvidence: ['/proc/filesystems#proc'] },
      { name: 'kbs_test_nothing', builtInEvidence: ['/proc/nowhere', '/proc/filesystems#kbsfs', 'CONFIG_KBS_TEST'] },
    ];
    const { abilities } = await gatherFindings(thisMachine, anInput({ kernelNeeds: [{ purpose: 'test', anyOf: modules }] }));
    expect(abilities.get('kbs_test_evidence')).toBe('built-in');
    expect(abilities.get('kbs_test_word')).toBe('built-in');
    expect(['missing', 'unknown']).toContain(abilities.get('kbs_test_nothing'));
  });
});
