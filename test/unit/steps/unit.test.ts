import { describe, expect, test } from 'vitest';
import { sha256Of, unitStep, type UnitStepOptions } from '../../../src/steps/index.js';
import { memoryHost, stepContext, type MemoryHostOptions } from '../../support/memory-host.js';

const UNIT = 'containerd.service';
const CONFIG = '/etc/containerd/config.toml';

function aStep(options: Partial<UnitStepOptions> = {}) {
  return unitStep({
    id: 'runtime/unit',
    title: 'Run containerd',
    unit: UNIT,
    enabled: true,
    running: true,
    inputs: [{ path: CONFIG, sha256: sha256Of('config') }],
    readyTimeoutMs: 300,
    ...options,
  });
}

function aRunningHost(options: MemoryHostOptions = {}) {
  return memoryHost({
    files: { [CONFIG]: { content: 'config', ctimeMs: 400_000 } },
    units: { [UNIT]: { startedMs: 500_000 } },
    ...options,
  });
}

describe('unitStep', () => {
  test('a unit that runs what it should is left alone', async () => {
    const host = aRunningHost();
    expect((await aStep().prepare(host, stepContext())).plan).toEqual({ change: 'none' });
    expect(host.changes).toEqual([]);
  });

  test('a unit that does not exist yet is planned as enable and start, without asking whether it is ready', async () => {
    const host = memoryHost();
    const ready = () => Promise.reject(new Error('asked too early'));
    const { plan } = await aStep({ ready }).prepare(host, stepContext());
    expect(plan).toEqual({ change: 'create', summary: `enable and start ${UNIT}` });
    expect(host.changes).toEqual([]);
  });

  test('a unit whose package brings it running is not foreseen before the package is there, and started like any other after', async () => {
    const step = aStep({ comesRunning: true });
    expect((await step.prepare(memoryHost(), stepContext())).plan).toEqual({ change: 'none' });
    const stopped = memoryHost({ units: { [UNIT]: { enabled: 'disabled', active: 'inactive', startedMs: undefined } } });
    expect((await step.prepare(stopped, stepContext())).plan).toMatchObject({ summary: `enable and start ${UNIT}` });
  });

  test('applying enables, which reloads too, and starts, and journals how the unit was', async () => {
    const host = memoryHost({
      files: { [CONFIG]: 'config' },
      units: { [UNIT]: { enabled: 'disabled', active: 'inactive', startedMs: undefined } },
    });
    await (await aStep().prepare(host, stepContext())).apply();
    expect(host.changes).toEqual([`unit enable ${UNIT}`, `unit start ${UNIT}`]);
    expect(host.journaled).toEqual([{ kind: 'unit', unit: UNIT, enabled: 'disabled', active: 'inactive' }]);
  });

  test('a process older than its configuration is restarted, and then it is not again', async () => {
    const host = aRunningHost({ files: { [CONFIG]: { content: 'config', ctimeMs: 600_000 } } });
    const prepared = await aStep().prepare(host, stepContext());
    expect(prepared.plan).toEqual({ change: 'update', summary: `restart ${UNIT} (${CONFIG} changed)` });
    await prepared.apply();
    expect(host.changes).toEqual(['unit reload', `unit restart ${UNIT}`]);
    expect((await aStep().prepare(host, stepContext())).plan).toEqual({ change: 'none' });
  });

  test('a configuration that is still to be written is foreseen as a restart', async () => {
    const host = aRunningHost();
    const { plan } = await aStep({ inputs: [{ path: CONFIG, sha256: sha256Of('other') }] }).prepare(host, stepContext());
    expect(plan).toMatchObject({ summary: `restart ${UNIT} (${CONFIG} changed)` });
    expect(host.changes).toEqual([]);
  });

  test('a unit file systemd has not read yet is a reason to restart', async () => {
    const host = aRunningHost({ units: { [UNIT]: { needsReload: true } } });
    expect((await aStep().prepare(host, stepContext())).plan).toMatchObject({ summary: `restart ${UNIT} (unit file changed)` });
  });

  test('a unit that runs but does not answer is waited for, not restarted', async () => {
    const host = aRunningHost();
    let looks = 0;
    const step = aStep({ ready: () => Promise.resolve(++looks > 2 || 'socket refuses') });
    const prepared = await step.prepare(host, stepContext());
    expect(prepared.plan).toMatchObject({ summary: `wait for ${UNIT} (socket refuses)` });
    await prepared.apply();
    expect(host.changes).not.toContain(`unit restart ${UNIT}`);
    expect(looks).toBe(3);
  });

  test('a unit that never answers fails with its journal and what was seen last', async () => {
    const host = memoryHost();
    const step = aStep({ inputs: [], ready: () => Promise.resolve('socket refuses') });
    const apply = (await step.prepare(host, stepContext())).apply();
    await expect(apply).rejects.toMatchObject({
      code: 'WAIT_TIMEOUT',
      where: { host: 'w1', step: 'runtime/unit' },
      details: [expect.stringContaining('socket refuses'), `${UNIT}: last 25 lines of ${UNIT}`],
    });
  });

  test('a unit that failed is reported at once, not after the time is over', async () => {
    const host = memoryHost();
    Object.assign(host.units, {
      start: async () => void host.unitStates.set(UNIT, { enabled: 'enabled', active: 'failed', startedMs: undefined, needsReload: false }),
    });
    const apply = (await aStep({ inputs: [], readyTimeoutMs: 60_000 }).prepare(host, stepContext())).apply();
    await expect(apply).rejects.toMatchObject({ code: 'VERIFY_FAILED', details: [`${UNIT}: last 25 lines of ${UNIT}`] });
  });

  test('a masked unit is not started, the cure is to unmask it', async () => {
    const host = memoryHost({ units: { [UNIT]: { enabled: 'masked', active: 'inactive', startedMs: undefined } } });
    const apply = (await aStep().prepare(host, stepContext())).apply();
    await expect(apply).rejects.toMatchObject({ code: 'REMOTE_COMMAND', remedy: [expect.stringContaining('systemctl unmask')] });
    expect(host.changes).toEqual([]);
  });

  test('a unit that shall not run is stopped and disabled', async () => {
    const host = aRunningHost();
    const step = aStep({ enabled: false, running: false });
    const prepared = await step.prepare(host, stepContext());
    expect(prepared.plan).toMatchObject({ summary: `disable and stop ${UNIT}` });
    await prepared.apply();
    expect(host.changes).toEqual([`unit disable ${UNIT}`, `unit stop ${UNIT}`]);
    expect((await step.prepare(host, stepContext())).plan).toEqual({ change: 'none' });
  });
});
