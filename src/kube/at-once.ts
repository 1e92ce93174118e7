import pLimit from 'p-limit';

/**
 * Does something for each item, some of them at a time, and waits for all, also when one fails.
 * @returns results in the order of the items
 * @throws the first error in the order of the items
 */
export async function atOnce<T, R>(limit: number, items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const slots = pLimit(limit);
  const settled = await Promise.allSettled(items.map((item) => slots(() => work(item))));
  return settled.map((result) => {
    if (result.status === 'rejected') throw result.reason as Error;
    return result.value;
  });
}
