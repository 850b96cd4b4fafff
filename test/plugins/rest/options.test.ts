import { expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { optionsSchema } from "../../../plugins/rest/options.ts";
import { validate } from "../../../src/config/validate.ts";
import { makeCertificates } from "./certificates.ts";
import { failure, openSource } from "./source.ts";

const LEAST = { url: "https://core.example/{player_id}", balance: "/balance" };

/** As the host reports them. */
async function problems(input: unknown): Promise<string[]> {
  const result = await validate(optionsSchema, input);
  if (result.valid) return [];
  return result.problems.map(({ path, message }) => [path.join("."), message].filter(Boolean).join(": "));
}

test("the defaults are those of the documentation", () => {
  expect(v.parse(optionsSchema, LEAST)).toEqual({
    ...LEAST,
    method: "GET",
    headers: {},
    format: "json",
    unit: "major",
    not_found: { status: [404] },
    status_map: {},
    retries: 2,
    breaker: { failures: 10, open_seconds: 5 },
    max_concurrency: 64,
    coalesce: false,
    connections: "pooled",
    cache_ms: 0,
    max_response_bytes: 65_536,
  });
});

test.each<[unknown, string]>([
  [{ url: "core/{player_id}" }, "url: expected an address that starts with http:// or https://"],
  [{ url: "ftp://core" }, "url: expected an address that starts with http:// or https://"],
  [{ url: "http://core/{playr_id}" }, 'url: unknown placeholder {playr_id}, did you mean "player_id"?'],
  [{ url: "http://core/{}" }, "url: unknown placeholder {}"],
  [
    { url: "http://core/{player_id" },
    "url: expected a closed placeholder; a literal brace is written {{ or }}",
  ],
  [
    { url: "http://{player_id}.core/" },
    "url: expected placeholders in the path or the query, not in the host",
  ],
  [
    { url: "http://me:s3cret@core/" },
    "url: expected no user or password in the address: they belong in auth",
  ],
  [{ url: "http://core/#{player_id}" }, "url: expected no fragment (#…): it is not sent"],
  [{ url: "http://core/a/../{player_id}" }, "url: expected a path without . and .. segments"],
  [
    { url: "http://core/ {player_id}" },
    "url: expected an address without spaces, control characters and backslashes",
  ],
  [{ url: "http://core:99999/" }, "url: expected a valid address"],
  [{ balance: undefined }, "balance: expected a JSON Pointer to the amount, such as /data/balance"],
  [{ balance: "data.balance" }, "balance: expected a JSON Pointer, such as /data/balance"],
  [{ proxy: "proxy:3128" }, "proxy: expected the URL of an HTTP proxy, such as http://proxy.internal:3128"],
  [{ proxy: "http://proxy/core" }, "proxy: expected no path after the proxy's port"],
  [{ proxy: "http://u:100%@proxy" }, "proxy: expected a user and a password that are percent-encoded"],
  [{ method: "PUT" }, 'method: expected "GET" or "POST"'],
  [{ body: { a: 1 } }, 'body: expected no body: it is sent only with method = "POST"'],
  [{ method: "POST", body: { a: ["{who}"] } }, "body.a.0: unknown placeholder {who}"],
  [{ headers: { "X Y": "1" } }, "headers.X Y: expected the name of a header"],
  [
    { headers: { "Content-Length": "1" } },
    "headers.Content-Length: expected another header: this one is written by the HTTP client",
  ],
  [
    { headers: { X: "a\nb" } },
    "headers.X: expected Latin-1 text without control characters, and without spaces at an end",
  ],
  [{ auth: {} }, "auth: expected exactly one of bearer, basic and hmac"],
  [
    { auth: { bearer: "a", hmac: { secret: "b", header: "X" } } },
    "auth: expected exactly one of bearer, basic and hmac",
  ],
  [
    { auth: { bearer: "a b" } },
    "auth.bearer: expected a token of printable ASCII characters, without spaces",
  ],
  [
    { auth: { basic: { user: "a:b", password: "" } } },
    "auth.basic.user: expected a user without a colon (RFC 7617)",
  ],
  [{ tls: { cert: "a.pem" } }, "tls: expected cert and key together"],
  [
    { url: "http://core/{player_id}", tls: { ca: "a.pem" } },
    "tls: expected no tls: the address does not start with https://",
  ],
  [{ format: "yaml" }, 'format: expected "json", "xml" or "text"'],
  [{ unit: "cents" }, 'unit: expected "major" or "minor"'],
  [{ exponent: 39 }, "exponent: expected an integer from 0 to 38"],
  [{ not_found: { status: [99] } }, "not_found.status.0: expected an integer from 200 to 599"],
  [{ not_found: { pointer: "/error" } }, "not_found: expected pointer and equals together"],
  [
    { format: "text", not_found: { pointer: "", equals: ["-"] } },
    'not_found: expected no pointer: with format = "text" there is nothing to point into',
  ],
  [{ status_map: { "4xx": "ERR_X" } }, "status_map.4xx: expected an HTTP status, such as 423"],
  [{ status_map: { "423": "OK" } }, "status_map.423: expected a status code, such as ERR_PLAYER_BLOCKED"],
  [{ retries: 2.5 }, "retries: expected an integer from 0 to 10"],
  [
    { breaker: { open_seconds: 0 } },
    "breaker.open_seconds: expected a number of seconds, above 0 and up to 3600",
  ],
  [{ breaker: { failure: 3 } }, 'breaker.failure: unknown key, did you mean "failures"?'],
  [{ max_concurrency: 257 }, "max_concurrency: expected an integer from 1 to 256"],
  [{ coalesce: "yes" }, "coalesce: expected true or false"],
  [{ cache_ms: -1 }, "cache_ms: expected an integer from 0 to 60000"],
  [{ max_response_bytes: 0 }, "max_response_bytes: expected an integer from 1 to 16777216"],
  [{ health_url: "https://core.example/{player_id}" }, "health_url: expected no placeholder"],
  [{ retrys: 1 }, 'retrys: unknown key, did you mean "retries"?'],
])("%j", async (input, problem) => {
  expect(await problems({ ...LEAST, ...Object(input) })).toEqual([problem]);
});

test("the authorities of a proxy that speaks TLS can be named for a core that does not", async () => {
  const tls = { ca: "a.pem" };
  const plain = { ...LEAST, url: "http://core/{player_id}", tls };
  expect(await problems({ ...plain, proxy: "https://proxy" })).toEqual([]);
  expect(await problems({ ...plain, proxy: "http://proxy" })).toHaveLength(1);
});

test("the authorities of a health_url that speaks TLS can be named for a core that does not", async () => {
  const plain = { ...LEAST, url: "http://core/{player_id}", tls: { ca: "a.pem" } };
  expect(await problems({ ...plain, health_url: "https://monitor/health" })).toEqual([]);
  expect(await problems({ ...plain, health_url: "http://monitor/health" })).toHaveLength(1);
});

test("what is required is asked for", async () => {
  expect(await problems({ format: "text" })).toEqual(["url: missing; expected text"]);
});

test("all problems are reported at once, and no secret with them", async () => {
  const found = await problems({
    auth: { bearer: "s3cret s3cret" },
    url: "http://s3cret:s3cret@core/",
    format: "csv",
    retries: -1,
  });
  expect(found).toHaveLength(4);
  expect(found.join()).not.toContain("s3cret");
});

test("the files of tls are looked for beside the configuration, read and tried at start-up", async () => {
  await using certificates = await makeCertificates();
  const { directory } = certificates;
  await certificates.issue("client", "DNS:client");
  await writeFile(join(directory, "empty.pem"), "nothing");
  const open = (tls: object) => openSource({ ...LEAST, tls }, 1000, directory);

  await open({ ca: "ca.pem", cert: "client.pem", key: "client.key" });
  expect(await failure(open({ ca: "none.pem" }))).toBe(`tls.ca: cannot read ${join(directory, "none.pem")}`);
  expect(await failure(open({ ca: "empty.pem" }))).toBe("tls.ca: expected a certificate, in PEM form");
  expect(await failure(open({ ca: "ca.key" }))).toContain("tls.ca: it holds a private key");
  const pair = (cert: string, key: string) => failure(open({ cert, key }));
  expect(await pair("client.pem", "ca.key")).toBe("tls.key: it is not the key of tls.cert");
  expect(await pair("client.key", "client.pem")).toContain("tls.cert: expected a certificate");
  const marked = `\ufeff${await certificates.read("client.pem")}`;
  await writeFile(join(directory, "marked.pem"), marked);
  await open({ ca: "marked.pem", cert: "marked.pem", key: "client.key" });
});

test("a core that would not learn whose balance is meant is warned of", async () => {
  const { lines } = await openSource({ url: "https://core.example/balance", balance: "/balance" });
  expect(lines).toEqual(["warn no {player_id} in url, headers or body: every player gets the same answer"]);
});
