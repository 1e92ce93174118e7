import { KbsError } from '../errors/index.js';
import { script } from './command.js';
import { parseClock, parseFacts } from './facts-parse.js';
import { FACTS_SCRIPT } from './facts-script.js';
import type { HostFacts } from './facts.js';
import type { Transport } from './transport.js';

const TIMEOUT_MS = 30_000;

/** Reads all facts of a machine in one round trip; as the login user where root is not to be had. */
export async function readFacts(transport: Transport, signal: AbortSignal): Promise<HostFacts> {
  try {
    return await readAs(transport, signal, undefined);
  } catch (error) {
    if (!(error instanceof KbsError) || error.code !== 'SUDO_DENIED') throw error;
    return readAs(transport, signal, error);
  }
}

async function readAs(transport: Transport, signal: AbortSignal, denied: KbsError | undefined): Promise<HostFacts> {
  const sentMs = Date.now();
  let clockSkewMs = 0;
  let isClock = false;
  const result = await transport.exec(script(FACTS_SCRIPT), {
    timeoutMs: TIMEOUT_MS,
    privileged: denied === undefined,
    signal,
    onLine(stream, line) {
      if (isClock && stream === 'stdout') {
        const midwayMs = (sentMs + Date.now()) / 2;
        clockSkewMs = Math.round((parseClock(line) ?? midwayMs) - midwayMs);
      }
      isClock = line.endsWith(' clock');
    },
  });
  return deepFreeze({ ...parseFacts(result.stdout), clockSkewMs, privilegeProblem: denied && problemOf(denied) });
}

/** With the last word of sudo: whether it wants a password, got a wrong one, or allows nothing. */
function problemOf(denied: KbsError): string {
  const said = denied.details.at(-1);
  return said === undefined ? denied.message : `${denied.message} (${said})`;
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
