import { describe, expect, test } from "bun:test";
import { ACTION_HEADER, openAccess as open } from "../../src/admin/access.ts";
import { rememberGuesses } from "../../src/admin/guesses.ts";

const TOKEN = "sesame-of-the-tests";

function request(headers: Record<string, string>, body?: string): Request {
  return new Request("http://127.0.0.1:9464/api/call", {
    method: "POST",
    headers: { Host: "127.0.0.1:9464", ...headers },
    ...(body === undefined ? {} : { body }),
  });
}

/** Everybody comes from one address. */
function openAccess(token: string | undefined) {
  return open(token, rememberGuesses({ addressOf: () => "203.0.113.5", log: { warn() {} } }));
}

const status = (answer: Response | undefined) => answer?.status ?? "goes on";

describe("without a token", () => {
  const access = openAccess(undefined);

  test.each([
    "localhost",
    "localhost:9464",
    "LOCALHOST:1",
    "127.0.0.1",
    "127.0.0.1:9464",
    "[::1]",
    "[::1]:9464",
  ])("the host %s is this machine", (host) => {
    expect(status(access.refusal(request({ Host: host })))).toBe("goes on");
    expect(status(access.refusalOfPage(request({ Host: host })))).toBe("goes on");
  });

  // A name that an attacker lets resolve to 127.0.0.1 ("DNS rebinding") is still that name.
  test.each([
    "evil.example",
    "evil.example:9464",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "127.0.0.1:9464.evil.example",
    "user@127.0.0.1",
    "127.0.0.2",
    "0.0.0.0",
    "[::1",
    "",
  ])("the host %p is turned away", async (host) => {
    const refused = access.refusal(request({ Host: host }));
    expect(status(refused)).toBe(403);
    expect(await refused?.text()).toContain("localhost, 127.0.0.1 and [::1] only");
    expect(status(access.refusalOfPage(request({ Host: host })))).toBe(403);
  });
});

describe("an action", () => {
  const ours = { [ACTION_HEADER]: "1" };
  test.each([
    ["a command line", ours, "goes on"],
    ["the page", { ...ours, "Sec-Fetch-Site": "same-origin", Origin: "http://127.0.0.1:9464" }, "goes on"],
    ["a form, which cannot send the header", { "Sec-Fetch-Site": "same-origin" }, 403],
    ["another site", { ...ours, "Sec-Fetch-Site": "cross-site" }, 403],
    ["another port of this machine", { ...ours, "Sec-Fetch-Site": "same-site" }, 403],
    ["another origin", { ...ours, Origin: "http://127.0.0.1:8080" }, 403],
    ["a sandboxed frame", { ...ours, Origin: "null" }, 403],
  ])("by %s", (_who, headers, expected) => {
    expect(status(openAccess(undefined).refusalOfAction(request(headers)))).toBe(expected);
    const authorized = { ...headers, Authorization: `Bearer ${TOKEN}` };
    expect(status(openAccess(TOKEN).refusalOfAction(request(authorized)))).toBe(expected);
  });
});

describe.each([undefined, TOKEN])("with %p as the token, what another site made a browser ask", (token) => {
  const access = openAccess(token);
  const right = { Authorization: `Bearer ${TOKEN}` };
  test.each([
    ["a program", {}, "goes on"],
    ["somebody who typed the address", { "Sec-Fetch-Site": "none" }, "goes on"],
    ["the page", { "Sec-Fetch-Site": "same-origin" }, "goes on"],
    ["another site", { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors" }, 403],
    ["another port of this machine", { "Sec-Fetch-Site": "same-site" }, 403],
    [
      "a frame",
      { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe" },
      403,
    ],
    ["a browser to come", { "Sec-Fetch-Site": "other" }, 403],
  ])("by %s", (_who, headers, expected) => {
    const asked = request({ ...right, ...headers });
    expect([status(access.refusal(asked)), status(access.refusalOfPage(asked))]).toEqual([
      expected,
      expected,
    ]);
    expect(status(access.refusalOfProgram(asked))).toBe("goes on");
  });

  test("by a link that somebody follows: the page is shown, and no more", () => {
    const link = {
      "Sec-Fetch-Site": "cross-site",
      "Sec-Fetch-Mode": "navigate",
      "Sec-Fetch-Dest": "document",
    };
    const asked = request({ ...right, ...link });
    expect([status(access.refusalOfPage(asked)), status(access.refusal(asked))]).toEqual(["goes on", 403]);
  });
});

describe("with a token", () => {
  test("nothing goes on without it, and the host does not matter", () => {
    const access = openAccess(TOKEN);
    expect(status(access.refusal(request({})))).toBe(401);
    for (const wrong of ["Bearer", "Bearer x", `Bearer ${TOKEN}1`, `Basic ${TOKEN}`, TOKEN]) {
      expect(status(access.refusal(request({ Authorization: wrong })))).toBe(401);
    }
    const right = request({ Authorization: `bearer ${TOKEN}`, Host: "klas.example:9464" });
    expect(status(access.refusal(right))).toBe("goes on");
  });

  test("a login gives a cookie that no script and no other site gets, and that works", async () => {
    const access = openAccess(TOKEN);
    const answer = await access.login(request({ [ACTION_HEADER]: "1" }, TOKEN));
    expect(answer.status).toBe(204);
    const cookie = answer.headers.get("Set-Cookie") ?? "";
    expect(cookie).toContain("HttpOnly");
    expect(cookie).toContain("SameSite=Strict");
    expect(cookie).not.toContain(TOKEN);
    const [pair = ""] = cookie.split(";");
    expect(status(access.refusal(request({ Cookie: pair })))).toBe("goes on");
    expect(status(access.refusal(request({ Cookie: `${pair}0` })))).toBe(401);
    // Of another start of the server.
    expect(status(openAccess(TOKEN).refusal(request({ Cookie: pair })))).toBe(401);
  });

  test("a wrong token and a cross-site login give none", async () => {
    const access = openAccess(TOKEN);
    for (const [headers, token] of [
      [{ [ACTION_HEADER]: "1" }, "wrong"],
      [{ [ACTION_HEADER]: "1" }, ""],
      [{}, TOKEN],
      [{ [ACTION_HEADER]: "1", "Sec-Fetch-Site": "cross-site" }, TOKEN],
    ] as const) {
      const answer = await access.login(request(headers, token));
      expect(answer.status).toBe(403);
      expect(answer.headers.get("Set-Cookie")).toBeNull();
    }
  });

  test("many logins do not pile up: the oldest ends", async () => {
    const access = openAccess(TOKEN);
    const cookies: string[] = [];
    for (let count = 0; count < 33; count += 1) {
      const answer = await access.login(request({ [ACTION_HEADER]: "1" }, TOKEN));
      cookies.push((answer.headers.get("Set-Cookie") ?? "").split(";")[0] ?? "");
    }
    expect(status(access.refusal(request({ Cookie: cookies[0] ?? "" })))).toBe(401);
    for (const cookie of cookies.slice(1)) {
      expect(status(access.refusal(request({ Cookie: cookie })))).toBe("goes on");
    }
  });
});
