export { Connection, exchange, type HttpsAnswer, type Limits, type WireRequest } from './connection.js';
export { dialInTime } from './dial.js';
export { NoAnswer, NotSent } from './no-answer.js';
export type { ClientCredentials, Server, TlsAgent } from './tls-agent.js';
