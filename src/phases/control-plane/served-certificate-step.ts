import { PATHS, PORTS } from '../../constants/index.js';
import { checkStep, doneUnless, waitFor, type AnyStep } from '../../engine/index.js';
import { servedCertificate, type Host } from '../../host/index.js';
import { isSameCertificate } from '../../pki/index.js';

/** The API server looks at its files at every change, and once a minute. Source: apiserver v0.25 dynamic_serving_content.go. */
const RELOAD_WAIT_MS = 90_000;

async function problem(host: Host, ca: string): Promise<string | undefined> {
  const served = await servedCertificate((address, port) => host.dial(address, port), { address: host.address, port: PORTS.apiServer, ca });
  if (served.certificate === undefined) return served.reason;
  const onDisk = await host.files.read(`${PATHS.pkiDir}/apiserver.crt`);
  if (onDisk === undefined) return 'apiserver.crt is not there';
  return isSameCertificate(served.certificate, onDisk) ? undefined : 'it still shows its former certificate';
}

/** A new certificate (another endpoint, say) is taken up by a running API server itself: no restart, and nobody is sent there before. */
export function servedCertificateStep(ca: string): AnyStep {
  return checkStep({
    id: 'api-server/certificate',
    title: 'Wait until the API server shows its certificate',
    timeoutMs: RELOAD_WAIT_MS + 30_000,
    async run(host, { signal }) {
      await waitFor({
        what: `the API server on ${host.address}:${PORTS.apiServer} to show ${PATHS.pkiDir}/apiserver.crt`,
        forMs: RELOAD_WAIT_MS,
        signal,
        where: { host: host.name },
        remedy: [`crictl stop $(crictl ps --name kube-apiserver -q)   # on ${host.name}: the kubelet starts it again at once`],
        probe: async () => doneUnless(await problem(host, ca)),
      });
    },
  });
}
