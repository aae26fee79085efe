/** Ctrl-C, a closed terminal or a stop from outside: the first begins an orderly end, a later one ends at once. */

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** One press can arrive twice: from the terminal, and from the process that started this one. */
const sameMs = 500;

/** Resolves with the first signal. At a second one `onHurry` says what is lost, and the process ends. */
export async function untilSignal(onHurry: () => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let firstMs: number | undefined;
  for (const signal of signals) {
    process.on(signal, () => {
      firstMs ??= performance.now();
      resolve();
      if (performance.now() - firstMs < sameMs) return;
      onHurry();
      process.exit(130);
    });
  }
  await promise;
}
