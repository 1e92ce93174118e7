// A run that would take a minute, as a process of its own: started by session.test.ts, ended by signals or by an error nobody catches.
import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { runEngine, step, type Phase } from '../../../src/engine/index.js';
import type { Host } from '../../../src/host/index.js';
import { Session } from '../../../src/ui/index.js';

const [dataDirectory = '', stepMs = '0', crash] = process.argv.slice(2);

async function main(): Promise<void> {
  const session = new Session({ format: 'text', logLevel: 'info', isColorRefused: true, showsTimings: false, dataDirectory });
  await session.start();
  session.useCluster('demo');
  const host = { name: 'cp1', roles: new Set(['control-plane']) } as Partial<Host> as Host;
  const slow = step<undefined>({
    id: 'slow/step',
    title: 'Take a while',
    timeoutMs: 120_000,
    probe: async () => undefined,
    plan: () => ({ change: 'update', summary: 'something' }),
    apply: () => {
      if (crash !== undefined) setTimeout(() => new EventEmitter().emit('error', new Error(crash)), 1);
      return sleep(Number(stepMs));
    },
    verify: async () => undefined,
  });
  const phase: Phase<object> = { name: 'slow', title: 'Slow phase', summary: 'slow', on: 'all', steps: () => [slow, slow, slow] };
  try {
    await runEngine(
      { operation: 'test', phases: [phase], context: {}, hosts: [host], clusterHost: host, mode: 'apply', signal: session.signal },
      session.bus,
    );
    await session.succeed({ done: true }, 'done');
  } catch (error) {
    process.exitCode = await session.fail(error);
  }
}

void main();
