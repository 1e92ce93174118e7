import { randomInt } from 'node:crypto';
import { PATHS } from '../constants/index.js';
import type { Host } from '../host/index.js';
import type { VrrpPasswordSource } from '../phases/index.js';
import { keepalivedPassword } from '../render/index.js';
import { Secret } from '../secret/index.js';

/** keepalived reads no more. */
const LENGTH = 8;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

function newPassword(): Secret {
  return new Secret(Array.from({ length: LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join(''));
}

async function findOrMake(controlPlanes: readonly Host[]): Promise<Secret> {
  const found = await Promise.all(
    controlPlanes.map(async (host) => {
      const text = await host.files.readSecret(PATHS.keepalivedConfig);
      return text === undefined ? undefined : keepalivedPassword(text);
    }),
  );
  return found.find((password) => password !== undefined) ?? newPassword();
}

/** Reads the password from the control planes' keepalived.conf, or makes one; once per run, when it is first asked for. */
export function createVrrpPasswordSource(controlPlanes: readonly Host[]): VrrpPasswordSource {
  let password: Promise<Secret> | undefined;
  return { password: () => (password ??= findOrMake(controlPlanes)) };
}
