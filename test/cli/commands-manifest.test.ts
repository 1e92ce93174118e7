import { readdir, readFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..', '..');

describe('the manifest of the commands that the build writes', () => {
  it('has every command, so that none of them is missing and none is loaded that does not run', async () => {
    const { commands } = JSON.parse(await readFile(join(ROOT, 'oclif.manifest.json'), 'utf8')) as { commands: Record<string, unknown> };
    const files = (await readdir(join(ROOT, 'src', 'commands'), { recursive: true })).filter(
      (name) => name.endsWith('.ts') && !/(^|[/\\])base\.ts$|-(command|text)\.ts$/.test(name),
    );
    const ids = files.map((name) => name.slice(0, -'.ts'.length).split(sep).join(':'));
    expect(Object.keys(commands).sort()).toEqual(ids.sort());
  });
});
