export type { ApiPlace, OwnControlPlane } from './access.js';
export { createToken, deleteTokens, listTokens, type CreatedToken, type TokenRow, type WantedToken } from './tokens.js';
