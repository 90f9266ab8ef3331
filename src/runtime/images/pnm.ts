import { badImage, blankImage, type Image, unsupportedImage } from './image.ts';

/** A portable grey map or pixmap, as bytes (P5, P6) or as text (P2, P3). */
export function readPnm(bytes: Uint8Array): Image {
  let position = 2;
  const kind = bytes[1]! - 48;
  const number = () => {
    while (isSpace(bytes[position]) || bytes[position] === hash) {
      if (bytes[position] === hash) while (position < bytes.length && bytes[position] !== newline) position++;
      position++;
    }
    const start = position;
    let value = 0;
    for (; isDigit(bytes[position]); position++) value = value * 10 + bytes[position]! - 48;
    if (position === start) throw badImage(`There is no number at byte ${start}.`);
    return value;
  };
  const [width, height, most] = [number(), number(), number()];
  if (most < 1 || most > 255) throw unsupportedImage(`values up to ${most}`);
  const image = blankImage(width, height, kind === 3 || kind === 6 ? 3 : 1);
  // One white space is behind the header of bytes.
  const raw = bytes.subarray(position + 1);
  if (kind >= 5 && raw.length < image.pixels.length) throw badImage('It ends too early.');
  for (let i = 0; i < image.pixels.length; i++)
    image.pixels[i] = Math.round(((kind >= 5 ? raw[i]! : number()) * 255) / most);
  return image;
}

const hash = 35;
const newline = 10;

function isSpace(byte: number | undefined): boolean {
  return byte === 32 || (byte !== undefined && byte >= 9 && byte <= 13);
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57;
}
