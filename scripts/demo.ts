/** `npm start`: fixes and verifies a real YOLOv7 export that comes with the repository, and prints what was done. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from '../src/cli/main.ts';

const model = relative('.', fileURLToPath(new URL('../test/models/yolov7_slim_qat.onnx', import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), 'qdq-surgeon-'));
const argv = ['fix', model, '--target', 'tensorrt', '--verify', '-o', join(folder, 'fixed.onnx')];

console.log(`$ qdq-surgeon ${argv.join(' ')}\n`);
try {
  const { stdout, stderr, env } = process;
  process.exitCode = await main(argv, { stdout, stderr, env, now: () => performance.now() });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
