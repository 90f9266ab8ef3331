import { ByteReader, badImage, blankImage, type Image, unsupportedImage } from './image.ts';
import { inflate } from './inflate.ts';

/** Bytes or indices per pixel by colour type: grey, colours, palette, grey with alpha, colours with alpha. */
const samplesOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/**
 * A PNG of 8 bits per sample, or with a palette of fewer; alpha is dropped.
 *
 * @see https://www.w3.org/TR/png-3/
 */
export function readPng(bytes: Uint8Array): Image {
  const chunks = chunksOf(bytes);
  const header = new ByteReader(chunks.get('IHDR')?.[0] ?? new Uint8Array());
  const [width, height] = [header.u32(), header.u32()];
  const [depth, type] = [header.u8(), header.u8()];
  header.u16();
  if (header.u8() !== 0) throw unsupportedImage('interlaced lines');
  const samples = samplesOf[type];
  if (samples === undefined || (depth !== 8 && (type !== 3 || depth > 8)))
    throw unsupportedImage(`PNG colour type ${type} of ${depth} bits`);
  const image = blankImage(width, height, type === 0 || type === 4 ? 1 : 3);
  const rowSize = Math.ceil((width * samples * depth) / 8);
  const lines = unfilter(inflate(joined(chunks.get('IDAT') ?? []), (rowSize + 1) * height), rowSize, samples);
  const palette = chunks.get('PLTE')?.[0] ?? new Uint8Array();
  for (let i = 0; i < width * height; i++) {
    const [row, x] = [Math.floor(i / width) * rowSize, i % width];
    const index = type === 3 ? bitsAt(lines, row, x, depth) * 3 : row + x * samples;
    const source = type === 3 ? palette : lines;
    for (let c = 0; c < image.channels; c++) {
      const value = source[index + c];
      if (value === undefined) throw badImage('A colour is not in its palette.');
      image.pixels[i * image.channels + c] = value;
    }
  }
  return image;
}

function chunksOf(bytes: Uint8Array): Map<string, Uint8Array[]> {
  const reader = new ByteReader(bytes, 8);
  const chunks = new Map<string, Uint8Array[]>();
  for (let name = ''; name !== 'IEND'; reader.position += 4) {
    const length = reader.u32();
    name = String.fromCharCode(...reader.take(4));
    chunks.set(name, [...(chunks.get(name) ?? []), reader.take(length)]);
  }
  return chunks;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function bitsAt(lines: Uint8Array, row: number, x: number, depth: number): number {
  const bit = x * depth;
  return (lines[row + (bit >> 3)]! >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
}

/** Lines without their filters: each byte was stored as its difference to a guess from its neighbours. */
function unfilter(filtered: Uint8Array, rowSize: number, step: number): Uint8Array {
  const rows = filtered.length / (rowSize + 1);
  const out = new Uint8Array(rows * rowSize);
  for (let y = 0; y < rows; y++) {
    const kind = filtered[y * (rowSize + 1)]!;
    if (kind > 4) throw badImage(`Line ${y} has filter ${kind}.`);
    for (let x = 0; x < rowSize; x++) {
      const at = y * rowSize + x;
      const left = x < step ? 0 : out[at - step]!;
      const up = y === 0 ? 0 : out[at - rowSize]!;
      const corner = x < step || y === 0 ? 0 : out[at - rowSize - step]!;
      out[at] = filtered[y * (rowSize + 1) + 1 + x]! + guess(kind, left, up, corner);
    }
  }
  return out;
}

function guess(kind: number, left: number, up: number, corner: number): number {
  if (kind < 3) return [0, left, up][kind]!;
  if (kind === 3) return (left + up) >> 1;
  const [a, b, c] = [left, up, corner].map((value) => Math.abs(left + up - corner - value)) as [
    number,
    number,
    number,
  ];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}
