import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createEventBus, type KbsEventBody } from '../../../src/events/index.js';
import { createPlainSink, type LogLevel } from '../../../src/ui/plain-sink.js';
import { describeHosts, describePhase, RunProgress } from '../../../src/ui/run-progress.js';
import { RunLog } from '../../../src/ui/run-log.js';
import { createStyle } from '../../../src/ui/style.js';

const place = { phase: 'runtime', host: 'cp1', step: 'runtime/config' } as const;
const RUN: readonly KbsEventBody[] = [
  { type: 'run.start', operation: 'apply', hosts: ['cp1'], phases: [{ name: 'runtime', title: 'Container runtime', hosts: ['cp1'] }] },
  { type: 'phase.start', phase: 'runtime', title: 'Container runtime', hosts: ['cp1'] },
  { type: 'host.start', phase: 'runtime', host: 'cp1', steps: 3, after: [] },
  { type: 'step.start', ...place, title: 'Write config.toml' },
  { type: 'step.output', ...place, stream: 'stdout', line: 'hello' },
  { type: 'step.end', ...place, status: 'changed', durationMs: 1_234 },
  { type: 'step.end', ...place, step: 'runtime/binaries', status: 'unchanged', durationMs: 20 },
  { type: 'step.retry', ...place, attempt: 2, delayMs: 500, code: 'SSH_LOST' },
  { type: 'warning', host: 'cp1', message: 'the clock is 2 s off', remedy: ['timedatectl set-ntp true'] },
  {
    type: 'step.end',
    ...place,
    step: 'runtime/unit',
    status: 'failed',
    durationMs: 9_000,
    error: { code: 'WAIT_TIMEOUT', message: 'containerd did not start', where: {}, remedy: [], details: [] },
  },
  { type: 'host.end', phase: 'runtime', host: 'cp1', durationMs: 10_254, status: 'failed' },
  { type: 'phase.end', phase: 'runtime', durationMs: 10_300, status: 'failed' },
];

function plainLines(level: LogLevel): readonly string[] {
  const lines: string[] = [];
  const bus = createEventBus({ run: 'r', now: () => 0 });
  bus.subscribe(createPlainSink({ write: (line) => lines.push(line), level, style: createStyle(false), formatTime: () => '12:04:31' }));
  for (const event of RUN) bus.emit(event);
  return lines.map((line) => line.replace(/\n$/, ''));
}

describe('plain lines', () => {
  test('tell changes, failures, warnings and retries; what is unchanged is only counted', () => {
    expect(plainLines('info')).toEqual([
      '12:04:31 Container runtime on 1 host (phase runtime)',
      '12:04:31 cp1 runtime/config changed (1.2 s)',
      '12:04:31 cp1 runtime/config retry 2 in 0.5 s (SSH_LOST)',
      '12:04:31 cp1 warning the clock is 2 s off',
      '12:04:31   try: timedatectl set-ntp true',
      '12:04:31 cp1 runtime/unit failed (9.0 s): containerd did not start',
      '12:04:31 phase runtime failed: 1 changed, 1 unchanged (10.3 s)',
    ]);
  });

  test('at error level tell failures only', () => {
    expect(plainLines('error')).toEqual(['12:04:31 cp1 runtime/unit failed (9.0 s): containerd did not start']);
  });

  test('at debug level tell every step and its output', () => {
    expect(plainLines('debug')).toEqual(
      expect.arrayContaining(['12:04:31 cp1 runtime/config stdout: hello', '12:04:31 cp1 runtime/binaries unchanged (0.0 s)']),
    );
  });
});

describe('progress of a run', () => {
  function progressAt(events: readonly KbsEventBody[], nowMs: number): RunProgress {
    const progress = new RunProgress();
    const bus = createEventBus({ run: 'r', now: () => nowMs });
    bus.subscribe((event) => progress.take(event, nowMs));
    for (const event of events) bus.emit(event);
    return progress;
  }

  test('a phase of many hosts names the slowest few and counts the others', () => {
    const hosts = Array.from({ length: 50 }, (_value, index) => `host${index + 1}`);
    const progress = progressAt(
      [
        { type: 'run.start', operation: 'apply', hosts, phases: [{ name: 'runtime', title: 'Container runtime', hosts }] },
        { type: 'phase.start', phase: 'runtime', title: 'Container runtime', hosts },
        ...hosts.map((host) => ({ type: 'host.start' as const, phase: 'runtime', host, steps: 1, after: [] })),
        ...hosts
          .slice(0, 37)
          .map((host) => ({ type: 'host.end' as const, phase: 'runtime', host, durationMs: 1, status: 'unchanged' as const })),
        { type: 'step.start', phase: 'runtime', host: 'host40', step: 'runtime/unit', title: 'Start containerd' },
        { type: 'step.progress', phase: 'runtime', host: 'host40', step: 'runtime/unit', message: 'activating' },
      ],
      1_000,
    );
    const phase = progress.phases.get('runtime');
    expect(phase && describePhase(phase, 13_000)).toBe('Container runtime  37/50 hosts  12 s');
    const lines = phase ? describeHosts(phase, 13_000) : [];
    expect(lines).toHaveLength(7);
    expect(lines.at(-1)).toBe('and 7 more');
    expect(lines).toContain('host40  Start containerd  activating  12 s');
  });
});

describe('run log', () => {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'kbs-log-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  test('holds every event, those before the cluster was known too, and only its owner may read it', () => {
    const log = new RunLog({ dataDirectory: folder, run: '20261121-101500-3f2a' });
    const bus = createEventBus({ run: '20261121-101500-3f2a', now: () => 0 });
    bus.subscribe(log.sink);
    bus.emit({ type: 'warning', message: 'early' });
    log.open('demo');
    bus.emit({ type: 'warning', message: 'late' });
    const path = join(folder, 'runs', 'demo', '20261121-101500-3f2a.jsonl');
    expect(log.path).toBe(path);
    const written = readFileSync(path, 'utf8');
    expect(
      written
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { message: string }).message),
    ).toEqual(['early', 'late']);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'runs', 'demo')).mode & 0o777).toBe(0o700);
    log.close();
    log.close();
  });

  test('a run without a cluster leaves no file', () => {
    const log = new RunLog({ dataDirectory: folder, run: '1' });
    log.note({ any: 'thing' });
    log.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('the oldest logs beyond fifty go', () => {
    const logs = join(folder, 'runs', 'demo');
    mkdirSync(logs, { recursive: true });
    for (let day = 10; day < 70; day += 1) writeFileSync(join(logs, `202601${day}-000000-aaaa.jsonl`), '');
    const log = new RunLog({ dataDirectory: folder, run: '20261121-101500-3f2a' });
    log.open('demo');
    log.close();
    const left = readdirSync(logs).sort();
    expect([left.length, left[0], left.at(-1)]).toEqual([50, '20260121-000000-aaaa.jsonl', '20261121-101500-3f2a.jsonl']);
  });

  test('a folder that cannot be written is told, and does not stop the run', () => {
    writeFileSync(join(folder, 'runs'), 'a file where a folder should be');
    const log = new RunLog({ dataDirectory: folder, run: '1' });
    const bus = createEventBus({ run: '1', now: () => 0 });
    bus.subscribe(log.sink);
    log.open('demo');
    bus.emit({ type: 'warning', message: 'goes on' });
    log.close();
    expect(log.failure?.message).toMatch(/ENOTDIR|EEXIST/);
    expect(log.path).toBeUndefined();
  });
});
