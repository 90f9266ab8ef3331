import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from '../../src/cli/main.ts';
import { encodeModel, parseModel } from '../../src/serde/index.ts';

/** What a run of the command said and answered. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it as they please and fail where it is otherwise
  readonly json: () => any;
}

export interface Surroundings {
  readonly env?: Record<string, string>;
  /** Whether the streams are terminals. */
  readonly terminal?: boolean;
}

/** Runs the command in this process. Its clock goes on by 60 ms each time it is looked at. */
export async function qdq(
  argv: readonly string[],
  { env = {}, terminal = false }: Surroundings = {},
): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof written) => ({
    isTTY: terminal,
    columns: 60,
    write: (text: string) => {
      written[name] += text;
    },
  });
  let time = 0;
  const now = () => (time += 60);
  const code = await main(argv, { stdout: stream('stdout'), stderr: stream('stderr'), env, now });
  return { code, ...written, json: () => JSON.parse(written.stdout) };
}

const folder = mkdtempSync(join(tmpdir(), 'qdq-surgeon-cli-'));

/** A path in a folder for temporary files. */
export function scratch(name: string): string {
  return join(folder, name);
}

/** Writes a model given as text to a file. */
export function modelFile(name: string, text: string): string {
  const path = scratch(name);
  writeFileSync(path, encodeModel(parseModel(text)));
  return path;
}

/** A real YOLOv7 export with a quantizer in front of every convolution. */
export const yolo = new URL('../models/yolov7_slim_qat.onnx', import.meta.url).pathname;
