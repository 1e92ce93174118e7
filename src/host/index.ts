export { script, sh, type Command, type CommandPart } from './command.js';
export type { HostFacts } from './facts.js';
export type { FileStat, Host, HostJournal, JournalEntry, RemoteFiles, Role, RunOptions, SystemdUnits, UnitState } from './host.js';
export { Secret } from '../secret/index.js';
export type { ExecOptions, ExecResult, Transport, UploadOptions } from './transport.js';
