import { KbsError } from '../../errors/index.js';
import { httpStatus, type Host, type Role } from '../../host/index.js';
import type { VerifyHost } from './types.js';

/** Longer than a pod waits for an answer itself, its name server's included: what it says is better evidence than silence. */
export const ANSWER_MS = 12_000;

/** A host as a verification sees it. */
export function verifyHost(host: Host): VerifyHost {
  const { name, address, roles } = host;
  return {
    ...{ name, address, roles, isConnected: true, run: (command, options) => host.run(command, options) },
    http: (request) => httpStatus((to, port) => host.dial(to, port), { ...request, timeoutMs: ANSWER_MS }),
  };
}

/** A host that this run is not connected to. */
export function distantHost(host: { readonly name: string; readonly address: string; readonly roles: readonly Role[] }): VerifyHost {
  const reason = `this run has no connection to ${host.name}`;
  return {
    ...{ ...host, roles: new Set(host.roles), isConnected: false },
    run: () => Promise.reject(new KbsError('INTERNAL', reason)),
    http: () => Promise.resolve({ status: undefined, reason }),
  };
}
