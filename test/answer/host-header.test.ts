import { expect, test } from "bun:test";
import { hasSoundHost } from "../../src/answer/host-header.ts";

function isSound(host?: string): boolean {
  return hasSoundHost(new Request("http://x/balance", host === undefined ? {} : { headers: { Host: host } }));
}

test("a host that was sound before does not vouch for another one, and an unsound one is not remembered", () => {
  const calls = [
    ["casino.example:8080", true],
    ["casino.example:8080", true],
    ["casino.example:8080, casino.example:8080", false],
    ["casino.example:8080, casino.example:8080", false],
    ["casino.example:8080", true],
    ["casino.example:8080/", false],
    ["other.example", true],
    ["[::1]:8080", true],
    ["user@casino.example", false],
    ["casino.example:123456", false],
  ] as const;
  expect(calls.map(([host]) => [host, isSound(host)])).toEqual(calls.map(([host, is]) => [host, is]));
  expect(isSound()).toBeTrue();
});
