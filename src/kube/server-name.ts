/** A name every API server's certificate holds, however it is reached. Source: kubeadm v1.25 pkiutil (GetAPIServerAltNames). */
export const SERVER_NAME = 'kubernetes';
