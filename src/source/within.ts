/** Waits for a step for so long and no longer. One that fails later fails unseen. */
export async function within<Result>(step: Promise<Result>, name: string, stepMs: number): Promise<Result> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`${name} did not end within ${stepMs} ms`)), stepMs);
  try {
    return await Promise.race([step, late.promise]);
  } finally {
    clearTimeout(timer);
    step.catch(() => {});
  }
}
