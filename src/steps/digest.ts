import { createHash } from 'node:crypto';
import { Secret } from '../secret/index.js';

/** sha256 of text in UTF-8, lower-case hex: what {@link UnitInput} and the steps compare by. */
export function sha256Of(content: string | Secret): string {
  return createHash('sha256')
    .update(content instanceof Secret ? content.reveal() : content, 'utf8')
    .digest('hex');
}
