/**
 * PNG files of one byte per pixel, read and written to the bit.
 * A canvas would colour-manage and premultiply what it decodes; class ids must come through as they are.
 */

/**
 * @typedef {object} Raster
 * @property {number} width
 * @property {number} height
 * @property {number} channels  1 grey or palette index, 2 grey and alpha, 3 RGB, 4 RGBA.
 * @property {Uint8Array} data  Row by row, channels interleaved.
 */

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const GREY = 0;
const PALETTE = 3;
/** Milliseconds of work before the page gets its turn. */
const PATIENCE = 8;
/** Colour type of the file -> channels. */
const CHANNELS = /** @type {Record<number, number>} */ ({ [GREY]: 1, 2: 3, [PALETTE]: 1, 4: 2, 6: 4 });

/**
 * A grey PNG, or one with a palette.
 * @param {Uint8Array} data  width * height bytes. @param {number} width @param {number} height
 * @param {Uint8Array | null} palette  768 bytes: the RGB colour of every value.
 * @returns {Promise<Blob>}
 */
export async function encode(data, width, height, palette = null) {
  const rows = new Uint8Array((width + 1) * height); // each row begins with its filter, 0 = none
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, 8);
  header.setUint8(9, palette ? PALETTE : GREY);
  const pixels = await through(rows, new CompressionStream("deflate"));
  const parts = [
    new Uint8Array(SIGNATURE),
    chunk("IHDR", new Uint8Array(header.buffer)),
    ...(palette ? [chunk("PLTE", palette)] : []),
    chunk("IDAT", pixels),
    chunk("IEND", new Uint8Array()),
  ];
  return new Blob(parts, { type: "image/png" });
}

/**
 * The samples of a PNG as they are in the file: palette indices stay indices.
 * @param {Blob} file @returns {Promise<Raster>}
 * @throws {Error} For what is not a PNG, and for interlaced ones and 16 bits.
 */
export async function decode(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const view = new DataView(bytes.buffer);
  if (!SIGNATURE.every((byte, i) => bytes[i] === byte)) throw new Error("this is not a PNG file");
  const width = view.getUint32(16);
  const height = view.getUint32(20);
  const [depth, colour, , , interlaced] = bytes.subarray(24, 29);
  const channels = CHANNELS[colour];
  if (depth > 8 || interlaced || !channels) throw new Error("it has to be an 8-bit PNG without interlacing");
  const parts = [];
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    const start = at + 8;
    if (name(bytes, at) === "IDAT") parts.push(bytes.subarray(start, start + view.getUint32(at)));
  }
  const stride = Math.ceil((width * channels * depth) / 8);
  const raw = await through(new Blob(parts), new DecompressionStream("deflate"));
  if (raw.length < (stride + 1) * height) throw new Error("the PNG file is cut short");
  const packed = await unfilter(raw, stride, height, Math.max(1, (channels * depth) / 8));
  return { width, height, channels, data: depth === 8 ? packed : unpack(packed, width, height, depth, colour === GREY) };
}

/**
 * Undoes the row filters of PNG (ISO/IEC 15948, clause 9). The page stays alive meanwhile: a large map takes a while.
 * @param {Uint8Array} raw @param {number} stride  Bytes per row. @param {number} height @param {number} step  Bytes per pixel.
 */
async function unfilter(raw, stride, height, step) {
  const out = new Uint8Array(stride * height);
  let deadline = performance.now() + PATIENCE;
  for (let y = 0; y < height; y++) {
    const from = y * (stride + 1) + 1;
    const row = out.subarray(y * stride, (y + 1) * stride);
    const above = y ? out.subarray((y - 1) * stride, y * stride) : new Uint8Array(stride);
    row.set(raw.subarray(from, from + stride));
    addGuess(raw[from - 1], row, above, step);
    if (performance.now() > deadline) {
      await new Promise((resolve) => setTimeout(resolve));
      deadline = performance.now() + PATIENCE;
    }
  }
  return out;
}

/** @param {number} filter @param {Uint8Array} row @param {Uint8Array} above @param {number} step */
function addGuess(filter, row, above, step) {
  const length = row.length;
  if (filter === 1) for (let x = step; x < length; x++) row[x] += row[x - step];
  else if (filter === 2) for (let x = 0; x < length; x++) row[x] += above[x];
  else if (filter === 3) for (let x = 0; x < length; x++) row[x] += ((x < step ? 0 : row[x - step]) + above[x]) >> 1;
  else if (filter === 4) {
    for (let x = 0; x < length; x++) row[x] += x < step ? above[x] : paeth(row[x - step], above[x], above[x - step]);
  }
}

/** @param {number} left @param {number} up @param {number} corner */
function paeth(left, up, corner) {
  const guess = left + up - corner;
  const a = Math.abs(guess - left);
  const b = Math.abs(guess - up);
  const c = Math.abs(guess - corner);
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

/**
 * Samples of 1, 2 or 4 bits -> bytes; grey ones are stretched to 0..255.
 * @param {Uint8Array} packed @param {number} width @param {number} height @param {number} depth @param {boolean} stretch
 */
function unpack(packed, width, height, depth, stretch) {
  const out = new Uint8Array(width * height);
  const stride = Math.ceil((width * depth) / 8);
  const most = 2 ** depth - 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const value = (packed[y * stride + (bit >> 3)] >> (8 - depth - (bit & 7))) & most;
      out[y * width + x] = stretch ? (value * 255) / most : value;
    }
  }
  return out;
}

/**
 * @param {Uint8Array | Blob} data @param {GenericTransformStream} stream
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
async function through(data, stream) {
  const blob = data instanceof Blob ? data : new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (data)]);
  return new Uint8Array(await new Response(blob.stream().pipeThrough(stream)).arrayBuffer());
}

/** @param {string} type @param {Uint8Array} data */
function chunk(type, data) {
  const bytes = new Uint8Array(data.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

/** @param {Uint8Array} bytes @param {number} at */
function name(bytes, at) {
  return String.fromCharCode(...bytes.subarray(at + 4, at + 8));
}

const CRC = Uint32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** @param {Uint8Array} bytes */
function crc(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = CRC[(sum ^ byte) & 255] ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}
