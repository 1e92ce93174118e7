import { readFile } from 'node:fs/promises';
import ssh2, { type ParsedKey, type SigningRequestOptions } from 'ssh2';
import { KbsError, messageOf } from '../errors/index.js';
import type { Secret } from '../secret/index.js';
import { emptyIfAbsent } from './config-file.js';
import { fingerprintOf } from './known-hosts.js';
import type { SshSettings } from './settings.js';

const { utils, createAgent } = ssh2;

/** A key to log in with. */
export interface Identity {
  /** For messages: the file, or which key of the agent. */
  readonly source: string;
  readonly publicKey: ParsedKey;
  /** @param hash `sha256` or `sha512` for RSA keys */
  readonly sign: (data: Buffer, hash: string | undefined) => Promise<Buffer>;
}

/** All keys to try, in order, and why others could not be used. */
export interface IdentityList {
  readonly identities: readonly Identity[];
  readonly problems: readonly string[];
}

/** Asks for the passphrase of a key file; undefined when there is none to be had. */
export type AskPassphrase = (file: string) => Promise<Secret | undefined>;

/**
 * Gathers keys as OpenSSH does: named files (signed for by the agent when it has the key), the agent's other keys, the usual
 * files. A passphrase is asked for only when the host would accept the key.
 * @throws KbsError SSH_KEY for a named file that cannot be read or is no private key
 */
export async function gatherIdentities(settings: SshSettings, ask: AskPassphrase): Promise<IdentityList> {
  const problems: string[] = [];
  const agentKeys = await agentIdentities(settings.agent, problems);
  const named = await fileIdentities(settings.identityFiles, ask, (file, reason) => {
    throw new KbsError('SSH_KEY', `the private key ${file} cannot be used: ${reason}`, {
      remedy: [`ssh-keygen -y -f ${file}   # prints the public key when all is well`, 'ssh.identityFile in the cluster file names the key'],
    });
  });
  const usual = await fileIdentities(settings.defaultIdentityFiles, ask, (file, reason) => {
    if (reason !== NO_FILE) problems.push(`${file}: ${reason}`);
  });
  const preferAgent = (file: Identity): Identity => agentKeys.find((key) => isSame(key, file)) ?? file;
  const files = (settings.identityFiles.length > 0 ? named : usual).map(preferAgent);
  const others = settings.identitiesOnly ? [] : agentKeys.filter((key) => !files.some((file) => isSame(file, key)));
  const ordered = settings.identityFiles.length > 0 ? [...files, ...others] : [...others, ...files];
  return { identities: ordered, problems };
}

const NO_FILE = 'no such file';

/** One key from text or bytes: ssh2 gives a list for OpenSSH's own format, which never holds more than one. */
function parseKey(data: unknown, passphrase?: string): ParsedKey | Error {
  const parsed: unknown = utils.parseKey(data as Buffer, passphrase);
  const [key] = Array.isArray(parsed) ? (parsed as unknown[]) : [parsed];
  return key as ParsedKey | Error;
}

function isSame(one: Identity, other: Identity): boolean {
  return one.publicKey.getPublicSSH().equals(other.publicKey.getPublicSSH());
}

async function agentIdentities(socket: string | undefined, problems: string[]): Promise<readonly Identity[]> {
  if (socket === undefined) return [];
  const agent = createAgent(socket);
  const keys = await new Promise<readonly unknown[]>((resolve) => {
    agent.getIdentities((error, found) => {
      if (error) problems.push(`agent ${socket}: ${error.message}`);
      resolve(error ? [] : (found ?? []));
    });
  });
  return keys.flatMap((raw) => {
    const publicKey = parseKey(raw);
    if (publicKey instanceof Error) return [];
    return [
      { source: `agent key ${publicKey.type} ${fingerprintOf(publicKey.getPublicSSH())}`, publicKey, sign: signByAgent(agent, publicKey) },
    ];
  });
}

function signByAgent(agent: ssh2.BaseAgent, publicKey: ParsedKey): Identity['sign'] {
  return (data, hash) =>
    new Promise((resolve, reject) => {
      const options: SigningRequestOptions = hash === 'sha256' || hash === 'sha512' ? { hash } : {};
      agent.sign(publicKey, data, options, (error, signature) => {
        if (signature) resolve(signature);
        else reject(error ?? new Error('the agent did not sign'));
      });
    });
}

async function fileIdentities(
  files: readonly string[],
  ask: AskPassphrase,
  onProblem: (file: string, reason: string) => void,
): Promise<readonly Identity[]> {
  const found: Identity[] = [];
  for (const file of files) {
    try {
      found.push(await fileIdentity(file, ask));
    } catch (error) {
      onProblem(file, reasonOf(error));
    }
  }
  return found;
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return NO_FILE;
  return messageOf(error);
}

async function fileIdentity(file: string, ask: AskPassphrase): Promise<Identity> {
  const content = await readFile(file);
  const parsed = parseKey(content);
  if (!(parsed instanceof Error) && !parsed.isPrivateKey())
    throw new Error('it is a public key; the private one is beside it, without .pub');
  if (!(parsed instanceof Error)) return { source: file, publicKey: parsed, sign: async (data, hash) => signWith(parsed, data, hash) };
  if (!isEncrypted(parsed)) throw parsed;
  const publicKey = await publicKeyOf(file, content);
  if (publicKey === undefined) {
    // An old format that hides even the public key: there is nothing to show to the host before it is opened.
    const opened = await openKey(file, content, ask);
    return { source: file, publicKey: opened, sign: async (data, hash) => signWith(opened, data, hash) };
  }
  return { source: file, publicKey, sign: async (data, hash) => signWith(await openKey(file, content, ask), data, hash) };
}

function isEncrypted(error: Error): boolean {
  return /encrypted/i.test(error.message);
}

async function openKey(file: string, content: Buffer, ask: AskPassphrase): Promise<ParsedKey> {
  const passphrase = await ask(file);
  if (!passphrase) throw new Error('it has a passphrase, and neither KBS_SSH_PASSPHRASE nor a terminal gives it');
  const key = parseKey(content, passphrase.reveal());
  if (key instanceof Error) throw new Error('the passphrase is wrong', { cause: key });
  return key;
}

function signWith(key: ParsedKey, data: Buffer, hash: string | undefined): Buffer {
  const signature: unknown = key.sign(data, hash);
  if (Buffer.isBuffer(signature)) return signature;
  throw signature instanceof Error ? signature : new Error('the key did not sign');
}

/** Public half of an encrypted key: from `<file>.pub`, or from the open part of OpenSSH's own format. */
async function publicKeyOf(file: string, content: Buffer): Promise<ParsedKey | undefined> {
  const text = await readFile(`${file}.pub`).catch((error: unknown) => emptyIfAbsent(error, undefined));
  const parsed = text === undefined ? undefined : parseKey(text);
  if (parsed !== undefined && !(parsed instanceof Error)) return parsed;
  const blob = openPart(content.toString('latin1'));
  const embedded = blob && parseKey(blob);
  return embedded instanceof Error ? undefined : embedded;
}

/** Layout: magic, cipher, kdf, kdf options, number of keys, public key. Source: OpenSSH PROTOCOL.key. */
function openPart(pem: string): Buffer | undefined {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]+?)-----END/.exec(pem)?.[1];
  if (body === undefined) return undefined;
  const bytes = Buffer.from(body, 'base64');
  let at = 'openssh-key-v1\0'.length;
  for (let field = 0; field < 3; field += 1) at += 4 + bytes.readUInt32BE(at);
  at += 4;
  const size = bytes.readUInt32BE(at);
  return bytes.subarray(at + 4, at + 4 + size);
}
