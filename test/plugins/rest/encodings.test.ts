import { expect, test } from "bun:test";
import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { LookupResult } from "../../../src/plugin.ts";
import { http, startCore } from "./core.ts";
import { failure, openSource, type Input } from "./source.ts";

const GOOD = '{"balance":30.50,"name":"Zoë"}';
const ANSWER: LookupResult = { balance: "30.50" };

function withBom(mark: readonly number[], text: Buffer): Buffer {
  return Buffer.concat([Buffer.from(mark), text]);
}

const utf16 = (text: string) => Buffer.from(text, "utf16le");
const latin1 = (text: string) => Buffer.from(text, "latin1");

async function answered(options: Partial<Input>, body: Uint8Array, headers: Record<string, string>) {
  await using core = await startCore((socket) => {
    socket.write(http(200, "", { ...headers, "content-length": body.byteLength }));
    socket.write(body);
  });
  const source = await openSource({ url: `${core.url}/{player_id}`, balance: "/balance", ...options });
  return await source.lookup().catch((error: Error) => error.message);
}

test.each<[string, Uint8Array]>([
  ["identity", Buffer.from(GOOD)],
  ["", Buffer.from(GOOD)],
  [" , ", Buffer.from(GOOD)],
  ["GZIP", gzipSync(GOOD)],
  ["gzip, identity", gzipSync(GOOD)],
  ["deflate", deflateSync(GOOD)],
  ["deflate", deflateRawSync(GOOD)],
  ["zstd", zstdCompressSync(GOOD)],
  ["deflate, gzip", gzipSync(deflateSync(GOOD))],
])("Content-Encoding: %s", async (coding, body) => {
  expect(await answered({}, body, { "content-encoding": coding })).toEqual(ANSWER);
});

test.each<[string, string]>([
  ["compress", "the answer's Content-Encoding compress is not known"],
  ["gzip, lzma", "the answer's Content-Encoding lzma is not known"],
  ["\u00e9 \u00e9", "the answer's Content-Encoding is not known"],
])("Content-Encoding: %s is refused by name", async (coding, message) => {
  expect(await answered({}, gzipSync(GOOD), { "content-encoding": coding })).toEqual(message);
});

const XML = { format: "xml", balance: "/r/b", echo: "/r/p" } as const;
const xml = (encoding: string) =>
  `<?xml version="1.0" encoding="${encoding}"?><r><p>12001</p><n>Zoë</n><b>1</b></r>`;

test.each<[string, Partial<Input>, Uint8Array, string, LookupResult | string]>([
  ["UTF-8 with its mark", {}, withBom([0xef, 0xbb, 0xbf], Buffer.from(GOOD)), "", ANSWER],
  [
    "UTF-8 with its mark, called something else",
    {},
    withBom([0xef, 0xbb, 0xbf], Buffer.from(GOOD)),
    "iso-8859-1",
    ANSWER,
  ],
  ["UTF-16 with its mark", {}, withBom([0xff, 0xfe], utf16(GOOD)), "", ANSWER],
  ["UTF-16, the other way round", {}, withBom([0xfe, 0xff], utf16(GOOD).swap16()), "", ANSWER],
  ["ISO-8859-1", {}, latin1(GOOD), "ISO-8859-1", ANSWER],
  ["ISO-8859-1 in quotes", {}, latin1(GOOD), '"iso-8859-1"', ANSWER],
  ["ISO-8859-1 without a word", {}, latin1(GOOD), "", "200, but not valid utf-8"],
  [
    "windows-1250",
    {},
    Buffer.from([...latin1('{"balance":1,"n":"'), 0x9a, ...latin1('"}')]),
    "windows-1250",
    { balance: "1" },
  ],
  [
    "a charset that is none",
    {},
    Buffer.from(GOOD),
    "klingon",
    "200, but in the charset klingon, which is not known",
  ],
  ["XML that names its encoding", XML, latin1(xml("ISO-8859-1")), "", { balance: "1" }],
  ["XML whose header names another", XML, Buffer.from(xml("ISO-8859-1")), "utf-8", { balance: "1" }],
  [
    "XML that names one that is none",
    XML,
    latin1(xml("klingon")),
    "",
    "200, but in the charset klingon, which is not known",
  ],
  ["XML that calls UTF-8 UTF-16", XML, Buffer.from(xml("utf-16")), "", { balance: "1" }],
  ["XML in UTF-16 with its mark", XML, withBom([0xff, 0xfe], utf16(xml("utf-16"))), "", { balance: "1" }],
  ["XML after a newline", XML, Buffer.from(`\r\n ${xml("utf-8")}`), "", { balance: "1" }],
  ["text in UTF-16", { format: "text" }, withBom([0xff, 0xfe], utf16("30.50\r\n")), "", ANSWER],
])("%s", async (_name, options, body, charset, result) => {
  const type = charset === "" ? "application/x" : `application/x; charset=${charset}`;
  expect(await answered(options, body, { "content-type": type })).toEqual(result);
});

test("an id in invalid UTF-8 is not mended to another player's", async () => {
  await using core = await startCore((socket) => {
    const body = latin1('{"player":"Zo\u00eb","balance":1}');
    socket.write(http(200, "", { "content-length": body.byteLength }));
    socket.write(body);
  });
  const source = await openSource({ url: `${core.url}/{player_id}`, balance: "/balance", echo: "/player" });
  expect(await failure(source.lookup({ playerId: "Zo\ufffd" }))).toBe("200, but not valid utf-8");
});
