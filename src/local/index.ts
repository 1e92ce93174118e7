export { createLocalTransport, type LocalTransportOptions } from './local-transport.js';
