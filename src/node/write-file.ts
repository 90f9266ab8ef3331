import { FileTransaction } from './atomic.ts';

/** Writes a text file that appears under its name as a whole or not at all. Throws `file-error`. */
export async function writeFileWhole(path: string, text: string): Promise<void> {
  const files = new FileTransaction();
  try {
    const file = await files.create(path);
    await file.writeFile(text);
    await files.commit(false);
  } catch (error) {
    await files.abandon();
    throw error;
  }
}
