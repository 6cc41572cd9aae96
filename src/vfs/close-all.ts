/** Closes several files so that an error of one leaks none of the others. */

/** Closes every one of `closables`, then throws the first error there was. Absent ones are skipped. */
export function closeAll(closables: Iterable<{ close(): void } | undefined>): void {
  let first: { readonly cause: unknown } | undefined;
  for (const closable of closables) {
    try {
      closable?.close();
    } catch (cause) {
      first ??= { cause };
    }
  }
  if (first !== undefined) throw first.cause;
}
