import type { ExecOptions, Transport } from '../../src/host/index.js';
import { createSshTransport, SshContext, type SshContextOptions, type SshTarget } from '../../src/ssh/index.js';
import type { Sshd } from './sshd.js';

export const never = new AbortController().signal;

/** Options of an ordinary command. */
export function asUser(options: Partial<ExecOptions> = {}): ExecOptions {
  return { timeoutMs: 20_000, privileged: false, ...options };
}

/** A context that sees nothing of the machine the tests run on. */
export function aContext(sshd: Sshd, options: SshContextOptions = {}): SshContext {
  return new SshContext({ env: {}, homeDirectory: sshd.directory, ...options });
}

/** A transport to the test server with everything it needs to log in. */
export function aTransport(sshd: Sshd, target: Partial<SshTarget> = {}, context = aContext(sshd)): Transport {
  return createSshTransport({
    context,
    address: '127.0.0.1',
    port: sshd.port,
    identityFile: sshd.keyFile,
    knownHostsFile: sshd.knownHostsFile,
    connectTimeoutSeconds: 5,
    ...target,
  });
}
