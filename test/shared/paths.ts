import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';

const beside = fileURLToPath(new URL('../../../shared', import.meta.url));

/** The folder of models and conformance data beside the repository; `undefined` where it is absent. */
export const sharedDir: string | undefined = existsSync(beside) ? beside : undefined;

/**
 * A suite that reads the shared folder. Where the folder is absent the suite is skipped and its name says so; with
 * `QDQ_REQUIRE_SHARED=1` absence is a failure.
 */
export function describeShared(name: string, suite: () => void): void {
  if (sharedDir !== undefined) describe(name, suite);
  else if (process.env['QDQ_REQUIRE_SHARED'] === '1') {
    it(name, () => {
      throw new Error(`QDQ_REQUIRE_SHARED is set, but ${beside} does not exist.`);
    });
  } else describe.skip(`${name} (skipped: ../shared is absent)`, () => it('needs ../shared', () => {}));
}
