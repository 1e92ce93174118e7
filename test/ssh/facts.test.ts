import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseFacts } from '../../src/host/facts-parse.js';
import { FACTS_SCRIPT } from '../../src/host/facts-script.js';
import { createHost, sh, type Host } from '../../src/host/index.js';
import { startSshd, whyNoSshd, type Sshd } from '../support/sshd.js';
import { aTransport, never } from '../support/ssh-transport.js';

const missing = whyNoSshd();

describe.skipIf(missing !== undefined)(`facts over SSH ${missing ?? ''}`, () => {
  let sshd: Sshd;
  let host: Host;

  beforeAll(async () => {
    sshd = await startSshd();
    host = await createHost({ name: 'cp1', address: '127.0.0.1', roles: ['control-plane'], transport: aTransport(sshd), signal: never });
  });
  afterAll(async () => {
    await host.transport.close();
    await sshd.stop();
  });

  test('the clock of a host on the same machine differs by next to nothing', () => {
    expect(Math.abs(host.facts.clockSkewMs)).toBeLessThan(500);
  });

  test('busybox’s shell and programs tell the same as those of the distribution', async () => {
    const programs = `${sshd.directory}/bin`;
    await host.run(sh`mkdir ${programs}; busybox --install -s ${programs}`);
    const told = parseFacts(await host.run(sh`PATH=${programs} /bin/busybox sh -c ${FACTS_SCRIPT}`));
    const { clockSkewMs, privilegeProblem, freeBytes, systemdVersion, packageManager, ...same } = host.facts;
    expect(told).toMatchObject(same);
    expect(Object.keys(told.freeBytes)).toEqual(Object.keys(freeBytes));
    expect(told).toMatchObject({ systemdVersion: undefined, packageManager: undefined });
    expect([clockSkewMs, privilegeProblem, systemdVersion, packageManager]).toHaveLength(4);
  });
});
