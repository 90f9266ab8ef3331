import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { yolo } from './command.ts';

const bin = new URL('../../src/cli/bin.ts', import.meta.url).pathname;
const root = new URL('../..', import.meta.url).pathname;

/** Runs the real process; `closeAfter` closes the pipe of its standard output after so many bytes. */
function start(
  argv: readonly string[],
  closeAfter = Infinity,
): Promise<{ code: number | null; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--import', 'tsx', bin, ...argv], { cwd: root });
    let [read, stderr] = [0, ''];
    child.stdout.on('data', (chunk: Buffer) => {
      read += chunk.length;
      if (read >= closeAfter) child.stdout.destroy();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += String(chunk);
    });
    child.on('close', (code) => resolve({ code, stderr }));
  });
}

describe('the process', () => {
  it('survives a reader that goes away, as head does', async () => {
    expect(await start(['inspect', yolo, '--all', '--json'], 1)).toEqual({ code: 0, stderr: '' });
  });

  it('passes the exit code on', async () => {
    const { code, stderr } = await start(['inspect', 'nowhere.onnx']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^qdq-surgeon: Cannot read "nowhere\.onnx"/);
  });
});
