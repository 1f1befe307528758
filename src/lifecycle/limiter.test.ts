import { expect, test } from 'vitest';
import { createLimiter } from './limiter.ts';

test('never more at once than allowed, in order, and a failure frees its place', async () => {
  const limiter = createLimiter(2);
  const started: number[] = [];
  let running = 0;
  let most = 0;
  const task = (n: number) => async (): Promise<void> => {
    started.push(n);
    running += 1;
    most = Math.max(most, running);
    await Promise.resolve();
    running -= 1;
    if (n === 1) throw new Error('task 1');
  };

  const results = await Promise.allSettled([0, 1, 2, 3, 4].map((n) => limiter.run(task(n))));

  expect(results.map((result) => result.status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
    'fulfilled',
  ]);
  expect(started).toEqual([0, 1, 2, 3, 4]);
  expect(most).toBe(2);
});

test('says when it is full', async () => {
  const limiter = createLimiter(1);
  const seen: boolean[] = [limiter.isFull()];

  await limiter.run(async () => {
    seen.push(limiter.isFull());
  });

  expect([...seen, limiter.isFull()]).toEqual([false, true, false]);
});
