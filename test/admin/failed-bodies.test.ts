import { expect, test } from "bun:test";
import { describeFailed } from "../../src/admin/failed-bodies.ts";
import { keepLatest } from "../../src/admin/recent.ts";
import type { FailedBody } from "../../src/observe/recorder.ts";
import { sign, signingKey } from "../../src/protocol/signature.ts";

const SECRET = "a secret that is long enough";

/** What is found for a body that was signed in base64 in place of hex. */
async function findingsFor(text: string, secrets = [SECRET]): Promise<readonly string[] | undefined> {
  const body = Buffer.from(text);
  const signature = Buffer.from(sign(body, signingKey(SECRET)), "hex").toString("base64");
  const failed = keepLatest<FailedBody>(20);
  failed.add([{ time_ms: 0, endpoint: "bet", remote: "", problem: "malformed", signature, body }]);
  const [first] = await describeFailed(failed, secrets);
  const [again] = await describeFailed(failed, secrets);
  expect(again).toEqual(first);
  return first?.findings;
}

test("a body as long as a call may be is explained", async () => {
  expect(await findingsFor(`{"request_id":"${"r".repeat(8000)}"}`)).toEqual([
    "the header is base64: it must be hex",
  ]);
});

test("a longer one, which would keep the supervisor from its workers, is left to the command", async () => {
  expect(await findingsFor(`{"request_id":"${"r".repeat(60_000)}"}`)).toEqual([
    "the body has more than 8192 bytes: download it, and give it to klas-balance explain",
  ]);
});

test("other secrets are tried anew on a body that is known", async () => {
  const body = Buffer.from("{}");
  const signature = sign(body, signingKey(SECRET));
  const failed = keepLatest<FailedBody>(20);
  failed.add([{ time_ms: 0, endpoint: "bet", remote: "", problem: "wrong", signature, body }]);
  const findings = async (secrets: readonly string[]) => (await describeFailed(failed, secrets))[0]?.findings;
  expect(await findings(["another secret, and long"])).toEqual([
    "no known mistake leads to it: it was made with another secret, or over another body",
  ]);
  expect(await findings([SECRET])).toEqual([
    "it fits a secret that is configured now: the secret was added after this call",
  ]);
});
