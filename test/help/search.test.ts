import { expect, test } from "bun:test";
import { sectionsAbout } from "../../src/help/search.ts";
import { topics } from "../../src/help/topics.ts";

/** What somebody asks who runs it for the first time, and the answer that is to be found. */
test.each([
  ["rotate", "rotation", "secret.new"],
  ["secret in use", "rotation", "klas-balance status"],
  ["body limit", "limits", "server.max_body_bytes"],
  ["log", "operations", "standard output"],
  ["full disk", "troubleshooting", "Lookups go on"],
  ["currency", "config", "USDT = 6"],
  ["ERR_TIMEOUT", "protocol", "`source_timeout`"],
  ["slow core", "troubleshooting", "max_concurrency"],
  ["port", "config", "`8080`"],
  ["who may call", "https", "allow_ips"],
  ["all cores", "operations", "one per core"],
  ["backup", "sqlite", "VACUUM INTO"],
  ["renew certificate", "https", "A reload takes it up"],
  ["block player", "sqlite", "status_code"],
  ["docker", "packages", "SIGTERM drains it"],
  ["uninstall", "packages", "apt purge"],
  ["monitoring", "metrics", "klas_balance_source_up == 0"],
  ["upgrade", "rotation", "systemctl restart klas-balance"],
  ["clock skew", "troubleshooting", "timedatectl"],
])("who looks for %j is led to help %s", (question, topic, answer) => {
  const found = sectionsAbout([question]).slice(0, 3);
  expect(found.map((section) => section.topic)).toContain(topic);
  expect(topics.find(({ name }) => name === topic)?.text).toContain(answer);
});

test("a comment in an example is no heading", () => {
  expect(sectionsAbout(["allow_ips"]).map(({ heading }) => heading)).not.toContainEqual(
    expect.stringContaining("allow_ips"),
  );
});

test.each(["xyzzy", "disk xyzzy", "\\w", "(", ""])("%j finds nothing", (words) => {
  expect(sectionsAbout([words])).toEqual([]);
});
