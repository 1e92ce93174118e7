import { KbsError } from '../errors/index.js';
import { clientCertificateProblem, isSameCertificate } from '../pki/index.js';
import type { Secret } from '../secret/index.js';
import { parseKubeconfig } from './read.js';
import type { ExpectedKubeconfig, KubeconfigContent } from './types.js';

/** Why a kubeconfig has to be written anew, in words that fit behind "admin.conf: "; undefined when it is fit. */
export function kubeconfigProblem(text: string | Secret | undefined, expected: ExpectedKubeconfig): string | undefined {
  if (text === undefined) return 'missing';
  const content = contentOf(text);
  if (content instanceof KbsError) return content.message;
  if (content.server !== expected.access.server) return `its server is ${content.server}, not ${expected.access.server}`;
  if (content.caCertificate === undefined) return 'it holds no CA';
  if (!isSameCertificate(content.caCertificate, expected.access.caCertificate)) return 'it trusts another CA';
  return credentialsProblem(content, expected);
}

function contentOf(text: string | Secret): KubeconfigContent | KbsError {
  try {
    return parseKubeconfig(text);
  } catch (error) {
    if (error instanceof KbsError) return error;
    throw error;
  }
}

function credentialsProblem(content: KubeconfigContent, expected: ExpectedKubeconfig): string | undefined {
  const { clientCertificate, clientCertificateFile } = content;
  if (clientCertificate === undefined && clientCertificateFile !== undefined) {
    return clientCertificateFile === expected.clientCertificateFile
      ? undefined
      : `its client certificate is the file ${clientCertificateFile}`;
  }
  const problem = clientCertificateProblem({ certificate: clientCertificate, privateKey: content.clientKey }, expected);
  return problem === undefined ? undefined : `client certificate: ${problem}`;
}
