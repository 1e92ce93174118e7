import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { baselineCommand } from '../../../../src/phases/baseline/index.js';
import { MOVED_SYSCTLS } from '../../../../src/phases/baseline/record.js';

/** What the script says of the machine the tests run on. */
function rows(kind: string): readonly (readonly string[])[] {
  const { text } = baselineCommand(['/dev']);
  const output = execFileSync('/bin/sh', ['-c', text], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const lines = output.split('\n').map((line) => line.split('\t'));
  return lines.filter(([first]) => first === kind).map(([, ...rest]) => rest);
}

test('a kernel setting is noted whole, whatever it has', () => {
  const files = MOVED_SYSCTLS.map((key) => [key, `/proc/sys/${key.replaceAll('.', '/')}`] as const).filter(([, file]) => existsSync(file));
  expect(files.length).toBeGreaterThan(5);
  expect(rows('sysctl')).toEqual(files.map(([key, file]) => [key, readFileSync(file, 'utf8').trim().replaceAll(/\s+/g, ' ')]));
});

test('mount points below the trees are noted, each once', () => {
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point.startsWith('/dev/'));
  const noted = rows('mount').map(([point]) => point);
  expect(points.length).toBeGreaterThan(0);
  expect(noted.filter((point) => point?.startsWith('/dev/'))).toEqual(points);
});
