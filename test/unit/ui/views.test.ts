import { describe, expect, test } from 'vitest';
import type { KbsErrorJson } from '../../../src/errors/index.js';
import { displayWidth, formatDuration, renderError, renderPlan, renderPlanSummary, renderTable } from '../../../src/ui/index.js';
import { createStyle, wantsColor } from '../../../src/ui/style.js';
import { wrapText } from '../../../src/ui/text.js';

const plain = createStyle(false);
const anError = (rest: Partial<KbsErrorJson> = {}): KbsErrorJson => ({
  code: 'PREFLIGHT_FAILED',
  message: 'port 6443 is taken',
  where: { host: 'cp1', phase: 'preflight', step: 'preflight/ports' },
  remedy: ["sudo ss -ltnp 'sport = :6443'"],
  details: ['haproxy, pid 812'],
  ...rest,
});

describe('errors', () => {
  test('one error says what, where, what was seen, what to try, and where to read on', () => {
    expect(renderError([anError()], { style: plain, runLog: '/data/runs/demo/1.jsonl' })).toBe(
      [
        'Error: port 6443 is taken',
        '  at host cp1, phase preflight, step preflight/ports',
        '  seen:',
        '    haproxy, pid 812',
        '  Try:',
        "    sudo ss -ltnp 'sport = :6443'",
        '',
        'PREFLIGHT_FAILED: a host is not ready for Kubernetes. More: kbs explain PREFLIGHT_FAILED',
        'Run log: /data/runs/demo/1.jsonl',
      ].join('\n'),
    );
  });

  test('several errors are grouped by host and each code is explained once', () => {
    const text = renderError(
      [
        anError({ details: [], remedy: [] }),
        anError({ message: 'swap is on', where: { host: 'w1' }, details: [], remedy: ['sudo swapoff -a'] }),
        anError({ message: 'the clock is 9 s off', where: { host: 'cp1' }, details: [], remedy: [] }),
      ],
      { style: plain },
    );
    expect(text).toBe(
      [
        'Error: 3 problems on 2 hosts',
        '',
        'cp1',
        '  - port 6443 is taken (phase preflight, step preflight/ports)',
        '  - the clock is 9 s off',
        '',
        'w1',
        '  - swap is on',
        '    Try:',
        '      sudo swapoff -a',
        '',
        'PREFLIGHT_FAILED: a host is not ready for Kubernetes. More: kbs explain PREFLIGHT_FAILED',
      ].join('\n'),
    );
  });

  test('hosts with the same problems share a block, names that count on are folded, and the order stays that of the errors', () => {
    const swap = (host: string): KbsErrorJson =>
      anError({
        message: `1 check failed on ${host}: Swap`,
        where: { host },
        details: ['Swap: /dev/sda2 in use'],
        remedy: [`ssh ${host} swapoff -a`],
      });
    const errors = [swap('w1'), anError({ where: { host: 'cp1' } }), swap('w2'), swap('w3'), swap('w10')];
    expect(renderError(errors, { style: plain }).split('\n').slice(0, 11)).toEqual([
      'Error: 5 problems on 5 hosts',
      '',
      'w1…w3, w10 (4 hosts)',
      '  - 1 check failed on HOST: Swap',
      '    seen:',
      '      Swap: /dev/sda2 in use',
      '    Try:',
      '      ssh HOST swapoff -a',
      '',
      'cp1',
      '  - port 6443 is taken',
    ]);
  });

  test('evidence of several lines stays below its error', () => {
    expect(renderError([anError({ details: ['line 1\nline 2'], remedy: [] })], { style: plain })).toContain('    line 1\n    line 2\n');
  });
});

describe('tables', () => {
  test('columns stand apart without borders, numbers to the right, no blanks at line ends', () => {
    const rows = [
      ['cp1', '6', 'ready'],
      ['worker-12', '12', 'not ready'],
    ];
    expect(renderTable([{ header: 'host' }, { header: 'exit', align: 'right' }, { header: 'state' }], rows)).toBe(
      ['host       exit  state', 'cp1           6  ready', 'worker-12    12  not ready'].join('\n'),
    );
  });

  test('Chinese text keeps the columns straight', () => {
    const lines = renderTable(
      [{ header: '节点' }, { header: 'x' }],
      [
        ['控制平面一', 'a'],
        ['w', 'b'],
      ],
    ).split('\n');
    expect(lines.map((line) => displayWidth(line.slice(0, line.search(/[xab]$/))))).toEqual([12, 12, 12]);
  });

  test('what is too wide for the terminal is wrapped, the widest column first, and nothing is lost', () => {
    const path = '/var/lib/kubelet/pods/0123456789abcdef/volumes/kubernetes.io~projected/kube-api-access';
    const text = renderTable([{ header: 'host' }, { header: 'path' }], [['cp1', path]], { width: 40 });
    expect(Math.max(...text.split('\n').map(displayWidth))).toBeLessThanOrEqual(40);
    expect(text.replace(/\s/g, '')).toBe(`hostpathcp1${path}`);
  });

  test('words are kept whole when they fit', () => {
    expect(wrapText('the quick brown fox', 10)).toBe('the quick\nbrown fox');
    expect(wrapText('控制平面节点', 5)).toBe('控制\n平面\n节点');
  });

  test('colours do not count as width', () => {
    const red = createStyle(true).red('bad');
    const lines = renderTable(
      [{ header: 'a' }, { header: 'b' }],
      [
        [red, 'x'],
        ['good', 'y'],
      ],
    ).split('\n');
    expect(lines[1]).toBe(`${red}   x`);
  });
});

describe('plans', () => {
  const changes = [
    {
      phase: 'runtime',
      host: 'cp1',
      step: 'runtime/config',
      plan: { change: 'update' as const, summary: 'config.toml', diff: '--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new\n' },
    },
    { phase: 'kubelet', host: 'w1', step: 'kubelet/unit', plan: { change: 'create' as const, summary: 'kubelet.service' } },
    { phase: 'kubelet', host: 'w1', step: 'kubelet/old', plan: { change: 'remove' as const, summary: 'old unit' } },
  ];

  test('changes stand below their host with their diff, the sum comes last', () => {
    expect(renderPlan(changes, plain)).toBe(
      [
        'cp1',
        '  ~ runtime/config  config.toml',
        '      --- a',
        '      +++ b',
        '      @@ -1 +1 @@',
        '      -old',
        '      +new',
        '',
        'w1',
        '  + kubelet/unit  kubelet.service',
        '  - kubelet/old  old unit',
        '',
        '2 hosts: 1 to create, 1 to update, 1 to remove',
      ].join('\n'),
    );
  });

  test('hosts share a block when what is changed is the same to the letter and what is new has the same names', () => {
    const change = (host: string, kind: 'create' | 'update', diff: string) => ({
      phase: 'p',
      host,
      step: 'kubelet/config',
      plan: { change: kind, summary: 'write /etc/x', diff },
    });
    const created = ['w1', 'w2', 'w3'].map((host) => change(host, 'create', `+name: ${host}\n`));
    expect(renderPlan(created, plain)).toBe(
      [
        'w1…w3 (3 hosts)',
        '  new files as on w1; on the others with their own names and addresses',
        '  + kubelet/config  write /etc/x',
        '      +name: w1',
        '',
        '3 hosts: 3 to create, 0 to update, 0 to remove',
      ].join('\n'),
    );
    const updated = [change('w1', 'update', '+a\n'), change('w2', 'update', '+b\n'), change('w3', 'update', '+a\n')];
    expect(
      renderPlan(updated, plain)
        .split('\n')
        .filter((line) => line.startsWith('w')),
    ).toEqual(['w1, w3 (2 hosts)', 'w2']);
  });

  test('what cannot be known is neither made nor changed', () => {
    const plan = { change: 'unknown', summary: 'unknown until the API answers: Node w1' } as const;
    expect(renderPlan([{ phase: 'nodes', host: 'w1', step: 'node/object', plan }], plain)).toBe(
      'w1\n  ? node/object  unknown until the API answers: Node w1\n\n1 host: 0 to create, 0 to update, 0 to remove, 1 unknown',
    );
  });

  test('added and removed lines are coloured on a terminal', () => {
    const style = createStyle(true);
    expect(renderPlan(changes, style)).toContain(style.green('+new'));
    expect(renderPlan(changes, style)).toContain(style.red('-old'));
  });

  test('nothing to do is said in words', () => {
    expect(renderPlanSummary([])).toBe('nothing to change');
    expect(renderPlan([], plain)).toBe('nothing to change');
  });
});

describe('colours', () => {
  const terminal = { isTerminal: true, isRefused: false, env: {} };

  test('are for terminals only, and give way to NO_COLOR, --no-color and dumb terminals', () => {
    expect(wantsColor(terminal)).toBe(true);
    expect(wantsColor({ ...terminal, isTerminal: false })).toBe(false);
    expect(wantsColor({ ...terminal, isRefused: true })).toBe(false);
    expect(wantsColor({ ...terminal, env: { NO_COLOR: '1' } })).toBe(false);
    expect(wantsColor({ ...terminal, env: { NO_COLOR: '' } })).toBe(true);
    expect(wantsColor({ ...terminal, env: { TERM: 'dumb' } })).toBe(false);
  });
});

test('durations are read at a glance', () => {
  expect([0, 1_234, 59_949, 59_951, 125_400].map(formatDuration)).toEqual(['0.0 s', '1.2 s', '59.9 s', '1 min 00 s', '2 min 05 s']);
});
