export { adoptCluster, type AdoptedHost, type AdoptOptions, type AdoptResult } from './adopt.js';
