import { expect, test } from "bun:test";
import { endpointOf } from "../../src/certify/endpoint-address.ts";

test.each([
  ["http://localhost:8080", { host: "localhost", port: 8080, tls: false, path: "/balance" }],
  ["http://localhost/", { host: "localhost", port: 80, tls: false, path: "/balance" }],
  ["https://api.example/klas/", { host: "api.example", port: 443, tls: true, path: "/klas/balance" }],
  ["http://[::1]:81/klas", { host: "::1", port: 81, authority: "[::1]:81", path: "/klas/balance" }],
])("the WEBHOOK_URL %s", (url, expected) => {
  expect(endpointOf(url)).toMatchObject(expected);
});

test.each(["", "localhost:8080", "ftp://localhost/", "/balance"])("%j is no WEBHOOK_URL", (text) => {
  expect(endpointOf(text)).toBeUndefined();
});
