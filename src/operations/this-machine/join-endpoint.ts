import { KbsError } from '../../errors/index.js';
import type { Endpoint } from '../../discovery/index.js';

const DEFAULT_PORT = 6443;
const HIGHEST_PORT = 65_535;

/** `HOST`, `HOST:PORT` or `[IPv6]:PORT` as it is typed; 6443 unless it says otherwise. @throws KbsError USAGE */
export function parseJoinEndpoint(text: string): Endpoint {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9][A-Za-z0-9.-]*))(?::(\d{1,5}))?$/.exec(text.trim());
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3] ?? DEFAULT_PORT);
  if (host !== undefined && port > 0 && port <= HIGHEST_PORT) return { host, port };
  throw new KbsError('USAGE', `an endpoint is HOST or HOST:PORT, not ${text}`, {
    remedy: ['kbs token create --print-join-command   # on a control plane: the whole command'],
  });
}
