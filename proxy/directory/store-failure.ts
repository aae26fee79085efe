/** Whether a failure is the store's, and not one of the key or of ours. */
import { AppError } from '#shared/errors.ts';

export function isStoreFailure(error: unknown): boolean {
  return error instanceof AppError && error.code === 'directory-unavailable';
}
