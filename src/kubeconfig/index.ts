import type { KeyPair } from '../pki/index.js';
import type { Secret } from '../secret/index.js';
import type {
  ClusterAccess,
  Credentials,
  ExpectedKubeconfig,
  KubeconfigContent,
  KubeconfigSpec,
  MergedKubeconfig,
  MergeOptions,
} from './types.js';

export type * from './types.js';

/** admin.conf, kubelet.conf, controller-manager.conf, scheduler.conf. */
export declare const KUBECONFIGS: readonly KubeconfigSpec[];
/** Any kubeconfig, kubeadm's names and layout. */
export declare function renderKubeconfig(access: ClusterAccess, userName: string, credentials: Credentials): Secret;
/** One of the table with a new client certificate in it. */
export declare function issueKubeconfig(
  spec: KubeconfigSpec,
  input: { readonly access: ClusterAccess; readonly nodeName: string; readonly ca: KeyPair; readonly now: Date },
): Promise<Secret>;
/** kubelet.conf that names the certificate file the kubelet keeps renewed. */
export declare function renderKubeletKubeconfig(access: ClusterAccess, nodeName: string): Secret;
/** bootstrap-kubelet.conf. */
export declare function renderBootstrapKubeconfig(access: ClusterAccess, token: Secret): Secret;
/** Value of `kubeconfig` in the ConfigMap cluster-info. */
export declare function renderClusterInfo(access: { readonly server: string; readonly caCertificate: string }): string;
/** @throws KbsError FILE_READ when it is no kubeconfig */
export declare function parseKubeconfig(text: string | Secret): KubeconfigContent;
/** Server and CA of the one cluster of cluster-info. @throws KbsError FILE_READ */
export declare function parseClusterInfo(text: string): { readonly server: string; readonly caCertificate: string };
/** Why a kubeconfig has to be written anew; undefined when it is fit. */
export declare function kubeconfigProblem(text: string | Secret | undefined, expected: ExpectedKubeconfig): string | undefined;
/** Adds the current context of `added`; comments, order and everything else of `existing` stay. @throws KbsError FILE_READ */
export declare function mergeKubeconfig(existing: string | undefined, added: string | Secret, options: MergeOptions): MergedKubeconfig;
