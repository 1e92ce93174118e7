import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failedRun, rememberHosts, startKbs } from '../support/bad-run.js';
import { createLabCluster, type LabCluster } from '../support/lab-cluster.js';

const UPLOADS = '/var/lib/kbs/artifacts';

let cluster: LabCluster;
let changes: () => Promise<readonly string[]>;

beforeAll(async () => {
  cluster = await createLabCluster({ name: 'badday', hosts: [{ name: 'cp1' }] });
  changes = await rememberHosts(cluster.lab, ['cp1']);
});

afterAll(async () => {
  await cluster.down();
});

async function onHost(script: string): Promise<string> {
  const result = await cluster.lab.exec('cp1', ['timeout', '60', 'sh', '-c', script]);
  expect(result, script).toMatchObject({ exitCode: 0 });
  return result.stdout;
}

/** `init` as far as the Kubernetes programs: what comes later takes minutes and fails alike. */
const init = (...phases: readonly string[]): readonly string[] => [
  'init',
  '-f',
  cluster.file,
  ...phases.flatMap((name) => ['--phase', name]),
];
const forgetPrograms = (): Promise<string> => onHost('rm -rf /opt/cni /usr/bin/kubelet /usr/bin/kubectl /usr/bin/crictl');

describe.sequential('a disk that is full', () => {
  test('before the first change: nothing is changed that could not be noted, and the space is told', async () => {
    await onHost('mkdir /etc/kbs && mount -t tmpfs -o size=16k tmpfs /etc/kbs && head -c 16k /dev/zero >/etc/kbs/filler');
    const { exitCode, errors, text } = await failedRun(cluster, init('preflight', 'baseline', 'prepare-host'));
    expect({ exitCode, errors }).toMatchObject({
      exitCode: 6,
      errors: [{ code: 'FILE_WRITE', where: { host: 'cp1', phase: 'baseline' }, message: expect.stringContaining('/etc/kbs') as unknown }],
    });
    expect(errors[0]?.details.join('\n')).toMatch(/No space left on device[^]* 100% \/etc\/kbs/);
    expect(text).toContain('df -h /etc/kbs');
    await onHost('rm /etc/kbs/filler');
    expect(await cluster.kbs(init('preflight', 'baseline'))).toMatchObject({ exitCode: 0 });
    await onHost('umount /etc/kbs && rmdir /etc/kbs');
    expect(await changes()).toEqual([]);
  });

  test('too small for what is to come: preflight says how much is needed', async () => {
    expect(await cluster.kbs(init('preflight', 'baseline', 'binaries'))).toMatchObject({ exitCode: 0 });
    await forgetPrograms();
    await onHost(`mount -t tmpfs -o size=24m tmpfs ${UPLOADS}`);
    const { exitCode, errors } = await failedRun(cluster, init('preflight', 'baseline', 'binaries'));
    expect({ exitCode, errors }).toMatchObject({
      exitCode: 4,
      errors: [
        { where: { host: 'cp1' }, details: [expect.stringMatching(/^DiskSpace: 0\.0 GiB free on tmpfs, 0\.5 GiB needed for .*artifacts/)] },
      ],
    });
  });

  test('too small for one file: nothing of it is sent', async () => {
    await onHost(`mount -o remount,size=8m ${UPLOADS}`);
    const { exitCode, errors } = await failedRun(cluster, init('baseline', 'binaries'));
    expect({ exitCode, errors }).toMatchObject({
      exitCode: 6,
      errors: [{ code: 'FILE_WRITE', where: { host: 'cp1', phase: 'binaries' } }],
    });
    expect(errors[0]?.message).toMatch(/no room for .*: \d+ bytes needed, 8388608 free/);
    expect(errors[0]?.details.join('\n')).toContain(UPLOADS);
    expect(await onHost(`ls -A ${UPLOADS}`)).toBe('');
  });

  test('too small to unpack an archive that fits: nothing of it stays', async () => {
    await onHost(`mount -o remount,size=24m ${UPLOADS}`);
    const { exitCode, errors } = await failedRun(cluster, init('baseline', 'binaries'));
    expect({ exitCode, errors }).toMatchObject({
      exitCode: 6,
      errors: [{ code: 'FILE_WRITE', where: { host: 'cp1', phase: 'binaries' } }],
    });
    expect(errors[0]?.details.join('\n')).toMatch(/No space left on device[^]* 100% /);
    expect(await onHost(`ls -A ${UPLOADS} /opt/cni/bin`)).toBe(`/opt/cni/bin:\n\n${UPLOADS}:\n`);
  });

  test('filling up on the way: nothing of kbs is left on it, and with room the same command goes on', async () => {
    const fill = `until ls ${UPLOADS}/.kbs-part-* >/dev/null 2>&1; do sleep 0.005; done; head -c 24m /dev/zero >${UPLOADS}/other`;
    const filled = cluster.lab.exec('cp1', ['timeout', '120', 'sh', '-c', fill]);
    const { exitCode, errors } = await failedRun(cluster, init('baseline', 'binaries'));
    await filled;
    expect({ exitCode, errors }).toMatchObject({
      exitCode: 6,
      errors: [{ code: 'FILE_WRITE', where: { host: 'cp1', phase: 'binaries' } }],
    });
    expect(errors[0]?.details.join('\n')).toMatch(/No space left on device[^]*only \d+ of \d+ bytes arrived[^]* 100% /);
    expect(await onHost(`ls -A ${UPLOADS}`)).toBe('other\n');
    await onHost(`rm ${UPLOADS}/other && mount -o remount,size=600m ${UPLOADS}`);
    expect(await cluster.kbs(init('baseline', 'binaries'))).toMatchObject({ exitCode: 0 });
    await onHost(`umount ${UPLOADS}; test -x /usr/bin/kubelet && test -x /opt/cni/bin/bridge`);
  });
});

describe.sequential('a run that is stopped in the middle', () => {
  test('Ctrl-C lets the step end that is at work, starts no other, and the next run goes on', async () => {
    await forgetPrograms();
    const run = startKbs(cluster, init('baseline', 'binaries'));
    await run.told(/Install Kubernetes programs/);
    run.signal('SIGINT');
    const { exitCode, stdout, stderr } = await run.ended;
    expect(exitCode).toBe(130);
    expect(stderr).toMatch(/Stopping: steps that are running finish first/);
    expect(JSON.parse(stdout)).toMatchObject({
      errors: [{ code: 'CANCELLED', remedy: [expect.stringContaining('run the same command again')] }],
    });
    expect(await onHost('ls /usr/bin/kubelet 2>&1 || true')).toContain('No such file');
    expect(await cluster.kbs(init('baseline', 'binaries'))).toMatchObject({ exitCode: 0 });
    await onHost('test -x /usr/bin/kubelet && test -x /opt/cni/bin/bridge');
  });

  test('a second Ctrl-C ends it at once, and the next run goes on with the part that arrived', async () => {
    await forgetPrograms();
    const run = startKbs(cluster, init('baseline', 'binaries'));
    // The upload stands still, so that it is surely under way.
    await onHost('until ls /usr/bin/.kbs-part-*-kubelet >/dev/null 2>&1 && pkill -STOP -x cat; do sleep 0.005; done');
    run.signal('SIGINT');
    await run.told(/Once more ends kbs at once/);
    run.signal('SIGINT');
    expect(await run.ended).toMatchObject({ exitCode: 130 });
    await onHost(
      'pkill -CONT -x cat; while pgrep -x cat; do sleep 0.01; done; ls /usr/bin/.kbs-part-*-kubelet; test ! -e /usr/bin/kubelet',
    );
    expect(await cluster.kbs(init('baseline', 'binaries'))).toMatchObject({ exitCode: 0 });
    expect(await onHost('ls -A /usr/bin | grep -c kbs-part || true')).toBe('0\n');
  });

  test('after SIGKILL in an upload, reset takes away what is half there', async () => {
    await forgetPrograms();
    const run = startKbs(cluster, init('baseline', 'binaries'));
    await onHost('until ls /usr/bin/.kbs-part-*-kubelet >/dev/null 2>&1 && pkill -STOP -x cat; do sleep 0.005; done');
    run.signal('SIGKILL');
    expect(await run.ended).toMatchObject({ signal: 'SIGKILL' });
    await onHost('pkill -CONT -x cat; while pgrep -x cat; do sleep 0.01; done; ls /usr/bin/.kbs-part-*-kubelet');
    const reset = await cluster.kbs(['reset', '-f', cluster.file, '--yes']);
    expect(reset.exitCode, reset.stderr).toBe(0);
    expect(await changes()).toEqual([]);
  });
});
