/** All benchmarks, one table each: `npm run bench`. */
import { run as codec } from './codec.ts';
import { run as rewriting } from './rewrite.ts';

for (const bench of [codec, rewriting]) console.log(`${await bench()}\n`);
