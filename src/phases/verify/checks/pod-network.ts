import { sh } from '../../../host/index.js';
import type { ProbePod } from '../../proof/index.js';
import { dialRow, hostOf, POD_PORTS } from '../dial.js';
import { row } from '../row.js';
import type { Check, Stage, VerifyRow } from '../types.js';

/** IPv4 and UDP headers. */
const HEADERS_BYTES = 28;
/** agnhost reads no longer datagrams. */
const LONGEST_DATAGRAM_BYTES = 2_000;

function pairs<From, To>(from: readonly From[], to: readonly To[]): readonly (readonly [From, To])[] {
  return from.flatMap((one) => to.map((other) => [one, other] as const));
}

/** Every pod to every pod, same host included, by address. */
export const podToPod: Check = {
  name: 'pod to pod',
  title: 'Pods reach pods on their own and on every other host',
  profile: 'quick',
  async run(stage) {
    const { probes, peers } = await stage.pods();
    return Promise.all(
      pairs(probes, peers).map(([from, to]) =>
        dialRow(stage, this.name, {
          from,
          edge: from.node === to.node ? `${from.node} → ${to.node} pod on the same host` : `${from.node} → ${to.node} pod`,
          target: { host: to.ip, port: POD_PORTS.http, request: 'etc/hostname' },
          isRight: (answer) => answer === to.name,
        }),
      ),
    );
  },
};

/** How long packets of pods of a node may be: the MTU of the link its pods are behind. Bytes. */
async function podMtu(stage: Stage, { node, ip }: ProbePod): Promise<number> {
  const route = await hostOf(stage, node).run(sh`ip -o route get ${ip}`, { privileged: false });
  const link = / dev (\S+)/.exec(route)?.[1];
  if (link === undefined) throw new Error(`${node} has no route to its own pod ${ip}: ${route}`);
  const shown = await hostOf(stage, node).run(sh`ip -o link show dev ${link}`, { privileged: false });
  const mtu = / mtu (\d+)/.exec(shown)?.[1];
  if (mtu === undefined) throw new Error(`link ${link} says no MTU: ${shown}`);
  return Number(mtu);
}

/** A datagram as long as the path is said to carry, there and (five bytes shorter) back. It may not be cut into pieces on the way. */
function longPacket(stage: Stage, check: string, from: ProbePod, to: ProbePod, mtu: number): Promise<VerifyRow> {
  const bytes = Math.min(mtu - HEADERS_BYTES, LONGEST_DATAGRAM_BYTES);
  const text = 'x'.repeat(bytes - 'echo '.length);
  return dialRow(stage, check, {
    from,
    edge: `${from.node} → ${to.node} pod, packets of ${bytes + HEADERS_BYTES} bytes`,
    target: { host: to.ip, port: POD_PORTS.udp, protocol: 'udp', request: `echo ${text}` },
    isRight: (answer) => answer === text,
  });
}

/** Packets as long as the MTU, between hosts. */
export const podMtuCheck: Check = {
  name: 'packet size',
  title: 'Packets as long as the MTU get from host to host',
  profile: 'quick',
  async run(stage) {
    const { probes } = await stage.pods();
    const rows = probes.map(async (from): Promise<readonly VerifyRow[]> => {
      let mtu = 0;
      const read = await row(stage, this.name, `${from.node} MTU of pods`, async () => {
        mtu = await podMtu(stage, from);
        return `${mtu} bytes`;
      });
      if (read.status !== 'ok') return [read];
      return Promise.all(probes.filter((to) => to !== from).map((to) => longPacket(stage, this.name, from, to, mtu)));
    });
    return (await Promise.all(rows)).flat();
  },
};
