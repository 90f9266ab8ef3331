import fc from 'fast-check';

/**
 * Gives every property that names no seed of its own the same one, so that a change is judged by what it changed and not
 * by luck. QDQ_SEED=fresh draws a new one for each file; any number is taken as it is. fast-check prints the seed of
 * what fails.
 */
const wanted = process.env['QDQ_SEED'] ?? '2026';
fc.configureGlobal({ seed: wanted === 'fresh' ? Math.floor(Math.random() * 2 ** 31) : Number(wanted) });
