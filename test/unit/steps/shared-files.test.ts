import { describe, expect, test } from 'vitest';
import { fstabWithoutSwap, fstabWithSwap, markedBlockStep, swapOffStep, swapOnStep, withMarkedBlock } from '../../../src/steps/index.js';
import { memoryHost, stepContext, type MemoryHost } from '../../support/memory-host.js';

describe('withMarkedBlock', () => {
  test.each(['', '127.0.0.1 localhost\n', 'no newline at the end', '\n\n'])(
    'taking out what was put in gives the text back: %j',
    (text) => {
      const put = withMarkedBlock(text, 'kbs', ['10.0.0.1 a']);
      expect(put).toContain('# BEGIN kbs\n10.0.0.1 a\n# END kbs\n');
      const restored = withMarkedBlock(put, 'kbs', []);
      expect(restored.trimEnd()).toBe(text.trimEnd());
      if (text.endsWith('\n')) expect(restored).toBe(text);
    },
  );

  test('a block is replaced where it stands, lines around it stay', () => {
    const text = 'above\n# BEGIN kbs\nold\n# END kbs\nbelow\n';
    expect(withMarkedBlock(text, 'kbs', ['new'])).toBe('above\n# BEGIN kbs\nnew\n# END kbs\nbelow\n');
    expect(withMarkedBlock(text, 'kbs', [])).toBe('above\nbelow\n');
  });

  test('a begin without an end is not taken for a block', () => {
    const text = '# BEGIN kbs\nsomebody deleted the end\n';
    expect(withMarkedBlock(text, 'kbs', [])).toBe(text);
  });
});

describe('markedBlockStep', () => {
  const step = markedBlockStep({ id: 'h/f', title: 'Hosts', path: '/etc/hosts', mark: 'kbs', lines: ['10.0.0.1 a'] });

  test('owner and mode of the file stay, and others’ lines too', async () => {
    const host = memoryHost({ files: { '/etc/hosts': { content: '127.0.0.1 localhost\n', mode: 0o664, owner: 'bob' } } });
    const prepared = await step.prepare(host, stepContext());
    expect(prepared.plan).toMatchObject({ change: 'update', diff: expect.stringContaining('+10.0.0.1 a') as string });
    expect(host.changes).toEqual([]);
    await prepared.apply();
    expect(host.fs.get('/etc/hosts')).toMatchObject({ mode: 0o664, owner: 'bob' });
    expect(host.journaled).toEqual([]);
    expect((await step.prepare(host, stepContext())).plan).toEqual({ change: 'none' });
  });

  test('a file that was not there is journaled as absent', async () => {
    const host = memoryHost({ files: { '/etc/': '' } });
    await (await step.prepare(host, stepContext())).apply();
    expect(host.journaled).toEqual([{ kind: 'path', path: '/etc/hosts', was: 'absent' }]);
  });
});

const FSTAB = '# swap of the installer\nUUID=1 / ext4 defaults 0 1\n/dev/sda2 none swap sw 0 0\n  /swap.img\tnone\tswap\tsw\t0\t0\n';

function aSwappingHost(...devices: string[]): MemoryHost {
  const on = new Set(devices);
  const change = (text: string): string => {
    const [verb, , device = ''] = text.split(' ');
    if (verb === 'swapoff') on.delete(device);
    else on.add(device);
    return '';
  };
  return memoryHost({
    files: { '/etc/fstab': FSTAB },
    answers: [
      ['/proc/swaps', () => [...on].map((device) => `${device}  partition 1000 0 -2`).join('\n')],
      [/^swap(off|on) -- /, change],
    ],
  });
}

describe('swap', () => {
  test('only active swap lines are commented, and come back exactly', () => {
    const off = fstabWithoutSwap(FSTAB);
    expect(off.split('\n').filter((line) => /^[^#]*\bswap\b/.test(line))).toEqual([]);
    expect(off).toContain('# swap of the installer\nUUID=1 / ext4');
    expect(fstabWithSwap(off)).toBe(FSTAB);
    expect(fstabWithoutSwap(off)).toBe(off);
  });

  test('turning off journals the devices, turning on brings devices and fstab back', async () => {
    const host = aSwappingHost('/dev/sda2', '/swap.img');
    const off = swapOffStep({ id: 's/off', title: 'Off' });
    const prepared = await off.prepare(host, stepContext());
    expect(prepared.plan).toMatchObject({ summary: 'swap off /dev/sda2, swap off /swap.img, comment swap out of /etc/fstab' });
    expect(host.ran.filter((text) => text.startsWith('swapoff'))).toEqual([]);
    await prepared.apply();
    expect(host.journaled).toEqual([
      { kind: 'swap', device: '/dev/sda2' },
      { kind: 'swap', device: '/swap.img' },
    ]);
    expect((await off.prepare(host, stepContext())).plan).toEqual({ change: 'none' });

    const on = swapOnStep({ id: 's/on', title: 'On' });
    await (await on.prepare(host, stepContext())).apply();
    expect(host.fs.get('/etc/fstab')?.content.toString()).toBe(FSTAB);
    expect(host.ran).toContain('swapon -- /swap.img');
    expect((await on.prepare(host, stepContext())).plan).toEqual({ change: 'none' });
  });

  test('a host without swap is left alone', async () => {
    const host = memoryHost({ files: { '/etc/fstab': 'UUID=1 / ext4 defaults 0 1\n' }, answers: [['/proc/swaps', '']] });
    expect((await swapOffStep({ id: 's', title: 'Off' }).prepare(host, stepContext())).plan).toEqual({ change: 'none' });
    expect((await swapOnStep({ id: 's', title: 'On' }).prepare(host, stepContext())).plan).toEqual({ change: 'none' });
  });

  test('swap that comes back at once (zram) fails the verification', async () => {
    const host = memoryHost({
      files: { '/etc/fstab': '' },
      answers: [
        ['/proc/swaps', '/dev/zram0 partition 1 0 100'],
        ['swapoff', ''],
      ],
    });
    const apply = (await swapOffStep({ id: 's', title: 'Off' }).prepare(host, stepContext())).apply();
    await expect(apply).rejects.toMatchObject({ code: 'VERIFY_FAILED' });
  });
});
