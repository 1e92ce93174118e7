import { expect, test } from 'vitest';
import { createEventBus, type KbsEvent, type KbsEventBody } from '../../../src/events/index.js';
import { computeTimings, renderTimings } from '../../../src/ui/index.js';
import { createStyle } from '../../../src/ui/style.js';

type Timed = readonly [atMs: number, body: KbsEventBody];

function eventsOf(timed: readonly Timed[]): readonly KbsEvent[] {
  const events: KbsEvent[] = [];
  let nowMs = 0;
  const bus = createEventBus({ run: 'r', now: () => Date.UTC(2026, 0, 1) + nowMs });
  bus.subscribe((event) => events.push(event));
  for (const [atMs, body] of timed) {
    nowMs = atMs;
    bus.emit(body);
  }
  return events;
}

const start = (atMs: number, phase: string, host: string, ...after: readonly string[]): Timed => [
  atMs,
  {
    type: 'host.start',
    phase,
    host,
    steps: 1,
    after: after.map((task) => ({ phase: task.split('@')[0] ?? '', host: task.split('@')[1] ?? '' })),
  },
];
const end = (atMs: number, phase: string, host: string): Timed => [
  atMs,
  { type: 'host.end', phase, host, durationMs: 0, status: 'changed' },
];

/** a is slow to upload, b to start: the way to the end leads over a's upload, the barrier, and b's start. */
const RUN = eventsOf([
  [0, { type: 'run.start', operation: 'init', hosts: ['a', 'b'], phases: [] }],
  start(10, 'upload', 'a'),
  start(10, 'upload', 'b'),
  end(1_000, 'upload', 'b'),
  end(4_000, 'upload', 'a'),
  start(4_005, 'start', 'a', 'upload@a'),
  start(4_005, 'start', 'b', 'upload@b', 'upload@a'),
  end(5_000, 'start', 'a'),
  end(9_000, 'start', 'b'),
  [9_020, { type: 'run.end', operation: 'init', status: 'succeeded', durationMs: 9_020 }],
]);

test('the critical path leads from the end back over what ended last each time', () => {
  expect(computeTimings(RUN)).toMatchObject({
    totalMs: 9_020,
    criticalPath: [
      { phase: 'upload', host: 'a', startMs: 10, durationMs: 3_990, waitedForMs: 10 },
      { phase: 'start', host: 'b', startMs: 4_005, durationMs: 4_995, waitedForMs: 5 },
    ],
  });
});

test('a phase lasts from its first start to its last end, and names its slowest host', () => {
  expect(computeTimings(RUN).perPhase).toEqual([
    { phase: 'upload', startMs: 10, durationMs: 3_990, hosts: 2, slowest: { host: 'a', durationMs: 3_990 } },
    { phase: 'start', startMs: 4_005, durationMs: 4_995, hosts: 2, slowest: { host: 'b', durationMs: 4_995 } },
  ]);
});

test('a run that never got going has no path', () => {
  expect(computeTimings([])).toEqual({ totalMs: 0, criticalPath: [], perPhase: [] });
});

test('the view shows both as tables', () => {
  expect(renderTimings(computeTimings(RUN), createStyle(false))).toBe(
    [
      'Critical path (9.0 s in all)',
      ' from   took  waited  phase   host',
      '0.0 s  4.0 s   0.0 s  upload  a',
      '4.0 s  5.0 s   0.0 s  start   b',
      '',
      'Phases',
      ' from   took  phase   hosts  slowest',
      '0.0 s  4.0 s  upload      2  a (4.0 s)',
      '4.0 s  5.0 s  start       2  b (5.0 s)',
    ].join('\n'),
  );
});
