export { script, sh, type Command, type CommandPart } from './command.js';
export { createHost, type HostOptions } from './create-host.js';
export type { HostFacts } from './facts.js';
export type { FileStat, Host, HostJournal, JournalEntry, RemoteFiles, Role, RunOptions, SystemdUnits, UnitState } from './host.js';
export { httpStatus, type HttpAnswer, type HttpProbe } from './http-status.js';
export type { LaunchedProcess, Launcher, ProcessEnd } from './launcher.js';
export { createShellTransport } from './shell-transport.js';
export { Secret } from '../secret/index.js';
export type { ExecOptions, ExecResult, Transport, UploadOptions } from './transport.js';
