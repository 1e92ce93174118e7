/**
 * Watches for an error that nobody catches: it would end the process with Node's own trace, which tells a user nothing.
 * What the run was doing is not known any more, so the process ends, with what `end` says as its exit code.
 * @param end tells of the error
 * @returns stops watching
 */
export function watchCrashes(end: (error: unknown) => Promise<number>): () => void {
  const onCrash = (error: unknown): void => {
    end(error).then(
      (exitCode) => process.exit(exitCode),
      () => process.exit(1),
    );
  };
  process.once('uncaughtException', onCrash);
  return () => void process.off('uncaughtException', onCrash);
}
