import { compactVerify, errors } from 'jose';
import { BOOTSTRAP_TOKENS } from '../constants/index.js';
import type { BootstrapToken } from '../pki/index.js';

/** Key of a token's signature in the data of ConfigMap cluster-info. */
export function signatureKey({ id }: BootstrapToken): string {
  return `${BOOTSTRAP_TOKENS.signaturePrefix}${id}`;
}

/**
 * Whether a detached JWS (RFC 7515 appendix F; HS256, the secret half of the token as key) is that of this text and this token.
 * Source: Kubernetes v1.25 cluster-bootstrap token/jws.
 */
export async function isSignedWith(token: BootstrapToken, text: string, detached: string): Promise<boolean> {
  const [header, payload, signature, ...rest] = detached.split('.');
  if (payload !== '' || header === undefined || signature === undefined || rest.length > 0) return false;
  const whole = `${header}.${Buffer.from(text, 'utf8').toString('base64url')}.${signature}`;
  try {
    const { protectedHeader } = await compactVerify(whole, new TextEncoder().encode(token.secret.reveal()), { algorithms: ['HS256'] });
    return protectedHeader.kid === token.id;
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}
