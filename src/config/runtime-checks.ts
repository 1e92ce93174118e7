import { RUNTIME_TYPES, type RuntimeType } from '../constants/index.js';
import type { DocumentPath } from './document-path.js';
import type { Draft } from './draft.js';
import type { Problem } from './problem.js';

const CLUSTER = ['spec', 'containerRuntime'] as const;

interface WrittenRuntime {
  readonly path: DocumentPath;
  readonly type: RuntimeType | undefined;
  readonly install: unknown;
}

function runtimeAt(draft: Draft, path: readonly (string | number)[], standard?: RuntimeType): WrittenRuntime {
  const type = draft.at(...path, 'type') ?? standard;
  return { path, type: RUNTIME_TYPES.find((name) => name === type), install: draft.at(...path, 'install') };
}

/** The cluster's runtime, and those hosts have of their own. */
function writtenRuntimes(draft: Draft): readonly WrittenRuntime[] {
  const own = (draft.hosts ?? []).filter((host) => draft.at(...host.path, 'containerRuntime') !== undefined);
  return [runtimeAt(draft, CLUSTER, 'containerd'), ...own.map((host) => runtimeAt(draft, [...host.path, 'containerRuntime']))];
}

/** What nodes come to have; a cluster's runtime that every node overrides is none of them. */
function usedRuntimes(draft: Draft): readonly WrittenRuntime[] {
  const nodes = (draft.hosts ?? []).filter((host) => host.isEtcd !== true);
  const overrides = nodes.filter((host) => draft.at(...host.path, 'containerRuntime') !== undefined);
  const [cluster, ...own] = writtenRuntimes(draft);
  return cluster !== undefined && (nodes.length === 0 || overrides.length < nodes.length) ? [cluster, ...own] : own;
}

interface WrittenRegistry {
  readonly path: DocumentPath;
  readonly host: string;
  readonly mirrors: readonly string[];
  readonly hasCredentials: boolean;
}

function writtenRegistries(draft: Draft): readonly WrittenRegistry[] {
  const list = draft.at(...CLUSTER, 'registries');
  return (Array.isArray(list) ? list : []).flatMap((_, index): WrittenRegistry[] => {
    const path = [...CLUSTER, 'registries', index];
    const [host, mirrors] = [draft.at(...path, 'host'), draft.at(...path, 'mirrors')];
    if (typeof host !== 'string') return [];
    const urls = (Array.isArray(mirrors) ? mirrors : []).filter((url): url is string => typeof url === 'string' && URL.canParse(url));
    return [{ path, host, mirrors: urls, hasCredentials: draft.at(...path, 'credentials') !== undefined }];
  });
}

/** Docker Engine knows mirrors of its own registry alone, and shows them what is meant for that registry. */
function* mirrorProblems(draft: Draft): Generator<Problem> {
  const registries = writtenRegistries(draft);
  const mirrorHosts = new Set(registries.flatMap(({ mirrors }) => mirrors.map((url) => new URL(url).host)));
  for (const { path, host, mirrors, hasCredentials } of registries) {
    if (host !== 'docker.io' && mirrors.length > 0) {
      yield {
        path: [...path, 'mirrors'],
        message: `Docker Engine mirrors docker.io only: hosts with type docker would go to ${host} itself`,
      };
    }
    if (hasCredentials && host === 'docker.io' && mirrors.length > 0) {
      yield {
        path: [...path, 'credentials'],
        message: 'Docker Engine would show them to the mirrors, too: leave out the one or the other',
      };
    }
    if (hasCredentials && mirrorHosts.has(host)) {
      yield { path: [...path, 'credentials'], message: `Docker Engine has no credentials for mirrors, and ${host} is one` };
    }
  }
}

/** A password that anybody on the way can read. */
function* plainTextWarnings(draft: Draft): Generator<Problem> {
  const registries = writtenRegistries(draft);
  const plain = new Set(
    registries.flatMap(({ mirrors }) => mirrors.filter((url) => url.startsWith('http:')).map((url) => new URL(url).host)),
  );
  for (const { path, host, hasCredentials } of registries) {
    if (hasCredentials && plain.has(host)) {
      yield { path: [...path, 'credentials'], message: `a mirror leads to ${host} by http: anybody on the way can read the password` };
    }
  }
}

/** Ways to runtimes that there are not. */
const ONE_WAY: Readonly<Partial<Record<RuntimeType, Readonly<Record<string, string>>>>> = {
  docker: { artifact: 'Docker Engine comes from the distribution’s packages only: write package, or leave it out' },
  'cri-o': {
    package: 'CRI-O comes from its official release archive only: distributions have no package of it. Write artifact, or leave it out',
  },
};

/** What is wrong between container runtimes and what is asked of them. */
export function* runtimeProblems(draft: Draft): Generator<Problem> {
  for (const { path, type, install } of writtenRuntimes(draft)) {
    const message = type === undefined ? undefined : ONE_WAY[type]?.[String(install)];
    if (message !== undefined) yield { path: [...path, 'install'], message };
  }
  if (usedRuntimes(draft).some(({ type }) => type === 'docker')) yield* mirrorProblems(draft);
}

/** What has no effect with the runtimes that are used. */
export function* runtimeWarnings(draft: Draft): Generator<Problem> {
  yield* plainTextWarnings(draft);
  const used = usedRuntimes(draft);
  const idle = (fields: readonly string[], why: string): readonly Problem[] =>
    fields.filter((field) => draft.at(...CLUSTER, field) !== undefined).map((field) => ({ path: [...CLUSTER, field], message: why }));
  const containerds = used.filter(({ type }) => type === 'containerd');
  const isPackaged = containerds.every(({ install }) => install === 'package');
  if (isPackaged) {
    yield* idle(
      ['version', 'runcVersion'],
      `has no effect ${containerds.length > 0 ? 'with install: package' : 'without a host with containerd'}`,
    );
  }
  if (!used.some(({ type }) => type === 'docker')) yield* idle(['criDockerdVersion'], 'has no effect without a host with type: docker');
  if (!used.some(({ type }) => type === 'cri-o')) yield* idle(['crioVersion'], 'has no effect without a host with type: cri-o');
  for (const host of draft.hosts ?? []) {
    const path = [...host.path, 'containerRuntime'];
    if (host.isEtcd === true && draft.at(...path) !== undefined) yield { path, message: 'has no effect: a host of etcd is no node' };
  }
}
