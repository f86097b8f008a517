/** Waits for all, even when one has failed; then rejects with the first failure. */
export async function allOrFirstFailure(
  tasks: readonly Promise<void>[],
  onFirstFailure: () => void = () => {},
): Promise<void> {
  const failures: unknown[] = [];
  const watched = tasks.map((task) =>
    task.catch((error: unknown) => {
      failures.push(error);
      if (failures.length === 1) {
        onFirstFailure();
      }
    }),
  );
  await Promise.all(watched);
  if (failures.length > 0) {
    throw failures[0];
  }
}
