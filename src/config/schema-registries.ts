import { z } from 'zod';
import { httpUrl, localPath, registryHost, text } from './schema-fields.js';

/** Control characters would end a line of the files it goes to; a colon ends the name in the header registries are sent. */
const username = text((value) => (/^[^\p{Cc}:]+$/u.test(value) ? undefined : 'must be a name without colon and control characters'));

const variable = text((value) =>
  /^[A-Za-z_][A-Za-z0-9_]*$/.test(value) ? undefined : `must be the name of an environment variable, not "${value}"`,
);

/**
 * A name and a password, in whose place many registries take a token. Tokens of another kind have no field of their own: the kubelet,
 * which brings the credentials where Docker Engine pulls, knows only these two.
 */
const credentials = z
  .strictObject({
    username: username.describe('User name; with a token what the registry wants to see in its place'),
    passwordFile: localPath.optional().describe('File on this machine with the password, or with a token'),
    passwordEnv: variable.optional().describe('Environment variable of kbs with the password, or with a token'),
  })
  .superRefine(({ passwordFile, passwordEnv }, context) => {
    if ((passwordFile === undefined) === (passwordEnv === undefined))
      context.addIssue({ code: 'custom', message: 'needs one of passwordFile and passwordEnv: cluster files hold no secrets' });
  });

const registry = z.strictObject({
  host: registryHost.describe('Registry host as in image names: docker.io, registry.k8s.io, 10.0.0.5:5000'),
  mirrors: z.array(httpUrl).default([]).describe('Tried in this order before the registry itself'),
  insecureSkipVerify: z.boolean().default(false).describe('Accept any certificate of the mirrors; without mirrors, of the registry'),
  caFile: localPath
    .optional()
    .describe('CA certificate (PEM) of the mirrors, or without mirrors of the registry itself; a file on this machine'),
  credentials: credentials
    .optional()
    .describe('Shown to this host alone, for every pod and for what kbs pulls; a mirror has an entry of its own for them'),
});

/** Registries that need more than their name, each once. */
export const registries = z.array(registry).superRefine((list, context) => {
  const seen = new Set<string>();
  for (const [index, { host }] of list.entries()) {
    if (seen.has(host)) context.addIssue({ code: 'custom', path: [index, 'host'], message: `${host} is there twice` });
    seen.add(host);
  }
});
