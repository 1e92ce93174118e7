export { withApi, withControlPlane } from './access.js';
export type { ApiPlace, OwnControlPlane } from './access.js';
export {
  createToken,
  deleteTokens,
  listTokens,
  makeToken,
  readClusterAccess,
  type CreatedToken,
  type TokenRow,
  type WantedToken,
} from './tokens.js';
