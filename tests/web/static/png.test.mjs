import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32, deflateSync } from "node:zlib";

import { decode, encode } from "../../../src/scenefill/web/static/png.js";

const noise = (length, seed = 1) => Uint8Array.from({ length }, () => (seed = (seed * 48271) % 2147483647) >> 7);

/** A PNG from its filtered rows, by the standard alone. */
function file(width, height, depth, colour, rows, { interlaced = 0, palette = null } = {}) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colour, 0, 0, interlaced], 8);
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const out = Buffer.alloc(8 + body.length);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc32(body), 4 + body.length);
    return out;
  };
  const data = deflateSync(Buffer.from(rows));
  const parts = [["IHDR", header], ...(palette ? [["PLTE", palette]] : []), ["IDAT", data.subarray(0, 9)], ["IDAT", data.subarray(9)]];
  return new Blob([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), ...[...parts, ["IEND", Buffer.alloc(0)]].map((part) => chunk(...part))]);
}

test("grey bytes come back as they went", async () => {
  for (const [width, height] of [[1, 1], [7, 5], [300, 200]]) {
    const data = noise(width * height);
    assert.deepEqual(await decode(await encode(data, width, height)), { width, height, channels: 1, data });
  }
});

test("a palette stays a palette: the indices come back", async () => {
  const data = noise(60).map((value) => value % 8);
  const blob = await encode(data, 10, 6, noise(768, 7));
  assert.deepEqual((await decode(blob)).data, data);
  const bytes = new Uint8Array(await blob.arrayBuffer());
  assert.equal(bytes[25], 3);
  assert.equal(new TextDecoder("latin1").decode(bytes).indexOf("PLTE"), 37);
});

test("every chunk carries the checksum of the standard", async () => {
  const bytes = Buffer.from(await (await encode(noise(100), 10, 10, noise(768))).arrayBuffer());
  for (let at = 8; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    assert.equal(bytes.readUInt32BE(at + 8 + length), crc32(bytes.subarray(at + 4, at + 8 + length)));
    at += 12 + length;
  }
});

test("all row filters are undone", async () => {
  const [width, height] = [9, 5];
  for (const [colour, channels] of [[0, 1], [2, 3], [6, 4]]) {
    const data = noise(width * height * channels, 3);
    const stride = width * channels;
    const rows = [];
    for (let y = 0; y < height; y++) {
      rows.push(y); // filter number y
      for (let x = 0; x < stride; x++) {
        const at = (dx, dy) => (x + dx < 0 || y + dy < 0 ? 0 : data[(y + dy) * stride + x + dx]);
        const [left, up, corner] = [at(-channels, 0), at(0, -1), at(-channels, -1)];
        const estimate = left + up - corner;
        const nearest = [left, up, corner].sort((p, q) => Math.abs(estimate - p) - Math.abs(estimate - q))[0];
        rows.push((data[y * stride + x] - [0, left, up, (left + up) >> 1, nearest][y]) & 255);
      }
    }
    assert.deepEqual(await decode(file(width, height, 8, colour, rows)), { width, height, channels, data });
  }
});

test("few bits are spread: grey to 0..255, palette indices as they are", async () => {
  const rows = [0, 0b10110000, 0b10000000, 0, 0b00000001, 0b00000000];
  const grey = [255, 0, 255, 255, 0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 0, 255, 0];
  assert.deepEqual([...(await decode(file(9, 2, 1, 0, rows))).data], grey);
  assert.deepEqual([...(await decode(file(9, 2, 1, 3, rows, { palette: Buffer.alloc(6) }))).data], grey.map((value) => value && 1));
  assert.deepEqual([...(await decode(file(3, 1, 4, 0, [0, 0x0f, 0x30]))).data], [0, 255, 51]);
});

test("what cannot be read is refused with a reason", async () => {
  await assert.rejects(decode(new Blob(["GIF89a and more"])), /not a PNG/);
  await assert.rejects(decode(file(2, 1, 16, 0, [0, 1, 2, 3, 4])), /8-bit/);
  await assert.rejects(decode(file(2, 2, 8, 0, [0, 1, 2, 0, 3, 4], { interlaced: 1 })), /interlac/);
  await assert.rejects(decode(file(4, 4, 8, 0, [0, 1, 2, 3, 4])), /cut short/);
});
