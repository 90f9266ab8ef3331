interface Signature {
  /** What the bytes are, as in "This is no ONNX model but …". */
  readonly what: string;
  readonly fix: string;
}

/** What bytes that are no ONNX model may be instead, by how they start. */
export function signatureOf(bytes: Uint8Array): Signature | undefined {
  if (bytes.length === 0) return { what: 'an empty file', fix: 'Copy or download it again.' };
  const start = String.fromCharCode(...bytes.subarray(0, 64));
  return signatures.find(({ matches }) => matches(start));
}

const signatures: readonly (Signature & { readonly matches: (start: string) => boolean })[] = [
  {
    matches: (start) => start.startsWith('PK\u0003\u0004'),
    what: 'a ZIP archive',
    fix: 'Unpack it; a PyTorch checkpoint is exported with torch.onnx.export.',
  },
  { matches: (start) => start.startsWith('\u001f\u008b'), what: 'a gzip archive', fix: 'Unpack it.' },
  {
    matches: (start) => start.startsWith('version https://git-lfs'),
    what: 'a Git LFS pointer',
    fix: 'Run `git lfs pull` to fetch the model.',
  },
  {
    matches: (start) => /^\s*<[!?a-z]/i.test(start),
    what: 'an HTML or XML page',
    fix: 'The download went wrong; get the file itself.',
  },
  { matches: (start) => /^\s*[{[]\s*["{]/.test(start), what: 'JSON text', fix: 'Give the .onnx file.' },
  {
    matches: (start) => start.startsWith('TFL3', 4),
    what: 'a TensorFlow Lite model',
    fix: 'Convert it with tf2onnx.',
  },
  {
    matches: (start) => start.startsWith('ORTM', 4),
    what: 'a model in ORT format',
    fix: 'Give the .onnx file it was made from.',
  },
];
