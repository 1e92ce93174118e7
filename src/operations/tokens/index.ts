export type { ApiPlace, OwnControlPlane } from './access.js';
export { createToken, deleteTokens, listTokens, type CreatedToken, type TokenRow } from './tokens.js';
