import { Secret } from '../secret/index.js';
import { fieldsOf, fromBase64, namedEntry, notAKubeconfig, readDocument, revealed, textOf } from './document.js';
import type { ClusterAccess, KubeconfigContent } from './types.js';

/**
 * The current context of a kubeconfig with its cluster and user.
 * @throws KbsError FILE_READ when it is no kubeconfig or names a context, cluster or user that it does not have
 */
export function parseKubeconfig(text: string | Secret): KubeconfigContent {
  const config = fieldsOf(readDocument(revealed(text)).toJS());
  const contextName = textOf(config['current-context']);
  const context = namedEntry(config['contexts'], contextName, 'context');
  if (contextName === undefined || context === undefined) throw notAKubeconfig('it has no current context');
  const [clusterName, userName] = [textOf(context['cluster']), textOf(context['user'])];
  const cluster = namedEntry(config['clusters'], clusterName, 'cluster');
  const user = namedEntry(config['users'], userName, 'user');
  const server = textOf(cluster?.['server']);
  if (clusterName === undefined || server === undefined) throw notAKubeconfig(`context ${contextName} leads to no server`);
  if (userName === undefined || user === undefined) throw notAKubeconfig(`context ${contextName} leads to no user`);
  return {
    contextName,
    clusterName,
    server,
    caCertificate: fromBase64(cluster?.['certificate-authority-data']),
    userName,
    clientCertificate: fromBase64(user['client-certificate-data']),
    clientKey: asSecret(fromBase64(user['client-key-data'])),
    clientCertificateFile: textOf(user['client-certificate']),
    token: asSecret(textOf(user['token'])),
  };
}

/**
 * Server and CA of the kubeconfig in the ConfigMap cluster-info.
 * @throws KbsError FILE_READ when they are not in it
 */
export function parseClusterInfo(text: string): Pick<ClusterAccess, 'server' | 'caCertificate'> {
  const config = fieldsOf(readDocument(text).toJS());
  const cluster = namedEntry(config['clusters'], '', 'cluster');
  const server = textOf(cluster?.['server']);
  const caCertificate = fromBase64(cluster?.['certificate-authority-data']);
  if (server === undefined || caCertificate === undefined) throw notAKubeconfig('cluster-info has no cluster with server and CA');
  return { server, caCertificate };
}

function asSecret(text: string | undefined): Secret | undefined {
  return text === undefined ? undefined : new Secret(text);
}
