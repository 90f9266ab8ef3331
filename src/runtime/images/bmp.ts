import { ByteReader, badImage, blankImage, type Image, unsupportedImage } from './image.ts';

/** A Windows bitmap of 8 bits with a palette, 24 or 32 bits, uncompressed; rows usually go from the bottom up. */
export function readBmp(bytes: Uint8Array): Image {
  const reader = new ByteReader(bytes, 10, true);
  const start = reader.u32();
  const headerSize = reader.u32();
  if (headerSize < 40) throw unsupportedImage('a BMP header of OS/2');
  const width = reader.u32();
  const signedHeight = reader.u32() | 0;
  const height = Math.abs(signedHeight);
  reader.u16();
  const bits = reader.u16();
  const compression = reader.u32();
  if (compression !== 0) throw unsupportedImage(`BMP compression ${compression}`);
  if (bits !== 8 && bits !== 24 && bits !== 32) throw unsupportedImage(`${bits} bits per pixel`);
  const image = blankImage(width, height, 3);
  const rowSize = Math.ceil((width * bits) / 32) * 4;
  const size = bits / 8;
  for (let y = 0; y < height; y++) {
    const from = start + (signedHeight < 0 ? y : height - 1 - y) * rowSize;
    const row = new ByteReader(bytes, from).take(rowSize);
    for (let x = 0; x < width; x++) {
      const blue = bits === 8 ? 14 + headerSize + row[x]! * 4 : from + x * size;
      for (let c = 0; c < 3; c++) {
        const value = bytes[blue + 2 - c];
        if (value === undefined) throw badImage('A colour is not in its palette.');
        image.pixels[(y * width + x) * 3 + c] = value;
      }
    }
  }
  return image;
}
