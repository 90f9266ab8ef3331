import { ByteReader, blankImage, type Image, unsupportedImage } from './image.ts';

const tags = {
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  meaning: 262,
  offsets: 273,
  samples: 277,
};
const more = { rowsPerStrip: 278, planar: 284 };

/** A TIFF of 8-bit samples, uncompressed, pixel by pixel: grey or red, green, blue; alpha is dropped. */
export function readTiff(bytes: Uint8Array): Image {
  const fields = fieldsOf(bytes, bytes[0] === 'I'.charCodeAt(0));
  const one = (tag: number, usual: number) => fields.get(tag)?.[0] ?? usual;
  const [width, height, samples] = [one(tags.width, 0), one(tags.height, 0), one(tags.samples, 1)];
  const [compression, meaning] = [one(tags.compression, 1), one(tags.meaning, 1)];
  if (compression !== 1) throw unsupportedImage(`TIFF compression ${compression}`);
  if (meaning > 2 || one(more.planar, 1) !== 1) throw unsupportedImage(`TIFF samples of kind ${meaning}`);
  const depths = fields.get(tags.bits) ?? [1];
  if (depths.some((depth) => depth !== 8)) throw unsupportedImage(`${depths} bits per sample`);
  const image = blankImage(width, height, meaning === 2 ? 3 : 1);
  if (samples < image.channels) throw unsupportedImage(`${samples} samples per pixel`);
  const rows = Math.min(one(more.rowsPerStrip, height), height);
  for (let y = 0; y < height; y++) {
    const strip = fields.get(tags.offsets)?.[Math.floor(y / rows)] ?? bytes.length;
    const line = new ByteReader(bytes, strip + (y % rows) * width * samples).take(width * samples);
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < image.channels; c++) {
        const value = line[x * samples + c]!;
        // Kind 0 counts from white.
        image.pixels[(y * width + x) * image.channels + c] = meaning === 0 ? 255 - value : value;
      }
    }
  }
  return image;
}

/** The whole numbers of the first image's directory, by tag. */
function fieldsOf(bytes: Uint8Array, littleEndian: boolean): Map<number, number[]> {
  const reader = new ByteReader(bytes, 4, littleEndian);
  reader.position = reader.u32();
  const fields = new Map<number, number[]>();
  for (let left = reader.u16(); left > 0; left--) {
    const [tag, type, count] = [reader.u16(), reader.u16(), reader.u32()];
    const next = reader.position + 4;
    const size = [0, 1, 1, 2, 4][type] ?? 0;
    if (size > 0 && count * size <= bytes.length) {
      if (count * size > 4) reader.position = reader.u32();
      const read = { 1: () => reader.u8(), 2: () => reader.u16(), 4: () => reader.u32() }[size]!;
      fields.set(tag, Array.from({ length: count }, read));
    }
    reader.position = next;
  }
  return fields;
}
