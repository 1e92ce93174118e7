import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { podRoutesStep } from '../../../../src/phases/reset/router-steps.js';
import { memoryHost, stepContext, type MemoryHost } from '../../../support/memory-host.js';

/** Plays iproute2 for a file of routes: leaves a mark out where it was asked for, deletes the first route to a destination. */
const IP = `#!/bin/sh
shift 2
case "$1 $2" in
  'show proto') sed -n "s/ proto $3 / /p" "$TABLE" ;;
  'show root') cat "$TABLE" ;;
  'delete '*)
    line=$(grep -n "^$2 " "$TABLE" | head -n 1 | cut -d : -f 1)
    if [ -z "$line" ]; then echo 'RTNETLINK answers: No such process' >&2; exit 2; fi
    sed -i "\${line}d" "$TABLE" ;;
esac
`;

const MARKED = '10.244.0.0/24 via 10.0.0.11 dev eth0 proto 17 ';
const UNMARKED = '10.244.2.0/24 via 10.0.0.13 dev eth0 ';
const LINK = '10.244.1.0/24 dev cni0 proto kernel scope link src 10.244.1.1 ';

describe('routes to pods of other hosts', () => {
  let directory: string;
  const at = (name: string): string => join(directory, name);

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kbs-routes-'));
    await writeFile(at('ip'), IP, { mode: 0o755 });
    await writeFile(at('subnet.env'), 'FLANNEL_NETWORK=10.244.0.0/16\n');
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  function hostOf(): MemoryHost {
    const run = async (text: string): Promise<string> => {
      const script = text.replace('/run/flannel/subnet.env', at('subnet.env'));
      const { stdout } = await promisify(execFile)('/bin/sh', ['-c', script], {
        env: { PATH: `${directory}:/usr/bin:/bin`, TABLE: at('table') },
      });
      return stdout;
    };
    return memoryHost({ answers: [['ip -4 route', run]] });
  }

  test.each([
    ['of kube-router', [MARKED, LINK], '1 routes'],
    ['of flannel', [UNMARKED, LINK], '1 routes'],
    ['of kube-router that flannel went on with: one and not two', [MARKED, UNMARKED, LINK], '2 routes'],
  ])('%s go, what goes with its link stays', async (_whose, table, count) => {
    await writeFile(at('table'), table.map((line) => `${line}\n`).join(''));
    const host = hostOf();
    const prepared = await podRoutesStep().prepare(host, stepContext());
    expect(prepared.plan).toMatchObject({ change: 'remove', summary: `remove ${count}` });
    await prepared.apply();
    expect(await readFile(at('table'), 'utf8')).toBe(`${LINK}\n`);
    expect((await podRoutesStep().prepare(host, stepContext())).plan).toEqual({ change: 'none' });
  });
});
