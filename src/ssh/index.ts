export { SshContext } from './context.js';
export type { AskSecret, SecretQuestion, SshContextOptions, SshTarget } from './options.js';
export { createSshTransport, type SshTransportOptions } from './ssh-transport.js';
