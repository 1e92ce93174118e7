import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { hostPort } from '../constants/index.js';
import { NoAnswer } from './no-answer.js';

const DIAL_TIMEOUT_MS = 10_000;

/** Something that makes TCP connections as it sees the network: a host. */
export interface Dialer {
  dial(address: string, port: number): Promise<Duplex>;
}

/** A connection, unless it takes too long: a host that is gone answers nothing, and TCP itself waits for minutes. @throws NoAnswer */
export async function dialInTime(from: Dialer, address: string, port: number, timeoutMs = DIAL_TIMEOUT_MS): Promise<Duplex> {
  const dialed = from.dial(address, port);
  const timer = new AbortController();
  const late = sleep(timeoutMs, 'late' as const, { signal: timer.signal, ref: false }).catch(() => 'late' as const);
  try {
    const first = await Promise.race([dialed, late]);
    if (first !== 'late') return first;
    dialed.then(
      (stream) => stream.destroy(),
      () => undefined,
    );
    throw new NoAnswer(`${hostPort(address, port)} did not take a connection within ${timeoutMs / 1000} s`, true);
  } catch (error) {
    throw NoAnswer.from(error);
  } finally {
    timer.abort();
  }
}
