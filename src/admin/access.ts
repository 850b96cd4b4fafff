import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** The answer that turns a request away; `undefined` if it may go on. */
export type AccessRefusal = (request: Request) => Response | undefined;

/** Who may use the admin listener (spec 5). */
export interface Access {
  /** For the page itself: `Host` must be a name of this machine, unless a token guards. */
  readonly refusalOfHost: AccessRefusal;
  /** For the question whether anything is listening. */
  readonly refusalOfProbe: AccessRefusal;
  /** For everything that discloses something. */
  readonly refusal: AccessRefusal;
  /** For what changes something or makes a call. */
  readonly refusalOfAction: AccessRefusal;
  /** Answers the token in a request's body with a cookie for this browser. */
  login(request: Request): Promise<Response>;
}

/** A header that no form and no simple cross-site request can send. */
export const ACTION_HEADER = "X-Klas-Balance-Console";

const COOKIE = "klas_balance_console";
const SESSION_SECONDS = 12 * 3600;
/** How many browsers may be logged in at once; after that the oldest session ends. */
const MAX_SESSIONS = 32;
const MAX_TOKEN_CHARACTERS = 4096;
/** A wrong guess costs time. */
const WRONG_TOKEN_MS = 500;

/** The scheme may be in either case (RFC 9110, section 11.1). */
const BEARER = /^bearer +/i;

/** The names of this machine that only its user can give a browser: a rebound DNS name is never one of them. */
const LOOPBACK_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i;

export function openAccess(token: string | undefined): Access {
  return token === undefined ? withoutToken() : withToken(token);
}

function withoutToken(): Access {
  return {
    refusalOfHost: foreignHost,
    // It is told no more than that something listens, so a balancer may ask by any name.
    refusalOfProbe: () => undefined,
    refusal: foreignHost,
    refusalOfAction: (request) => foreignHost(request) ?? crossSite(request),
    login: () => Promise.resolve(problem(404, "there is no token to log in with")),
  };
}

function withToken(token: string): Access {
  const expected = sha256(token);
  /** When each session ends, by the hash of its id. */
  const sessions = new Map<string, number>();

  // Hashes have one length, so the time of the comparison reveals neither the token nor its length.
  const isToken = (text: string) => timingSafeEqual(sha256(text), expected);

  function isAllowed({ headers }: Request): boolean {
    const authorization = headers.get("Authorization") ?? "";
    if (BEARER.test(authorization)) return isToken(authorization.replace(BEARER, ""));
    const id = new Bun.CookieMap(headers.get("Cookie") ?? "").get(COOKIE);
    return id !== null && (sessions.get(sha256(id).toString("hex")) ?? 0) > performance.now();
  }

  function openSession(): string {
    const id = randomBytes(32).toString("hex");
    sessions.set(sha256(id).toString("hex"), performance.now() + SESSION_SECONDS * 1000);
    const [oldest] = sessions.size > MAX_SESSIONS ? sessions.keys() : [];
    if (oldest !== undefined) sessions.delete(oldest);
    return id;
  }

  const refusal = (request: Request) =>
    isAllowed(request)
      ? undefined
      : new Response(null, { status: 401, headers: { "WWW-Authenticate": "Bearer" } });

  return {
    refusalOfHost: () => undefined,
    refusalOfProbe: refusal,
    refusal,
    refusalOfAction: (request) => refusal(request) ?? crossSite(request),
    async login(request) {
      const refused = crossSite(request);
      if (refused !== undefined) return refused;
      const given = (await request.text()).slice(0, MAX_TOKEN_CHARACTERS);
      if (!isToken(given)) {
        await Bun.sleep(WRONG_TOKEN_MS);
        return problem(403, "that is not the token");
      }
      const cookie = new Bun.Cookie(COOKIE, openSession(), {
        httpOnly: true,
        sameSite: "strict",
        path: "/",
        maxAge: SESSION_SECONDS,
      });
      return new Response(null, { status: 204, headers: { "Set-Cookie": cookie.toString() } });
    },
  };
}

function foreignHost({ headers }: Request): Response | undefined {
  if (LOOPBACK_HOST.test(headers.get("Host") ?? "")) return undefined;
  return problem(403, "without admin.token this listener answers for localhost, 127.0.0.1 and [::1] only");
}

/** Turns away what another site may have made a browser send. */
function crossSite({ headers }: Request): Response | undefined {
  const site = headers.get("Sec-Fetch-Site") ?? "none";
  const origin = headers.get("Origin");
  const isOurs =
    headers.has(ACTION_HEADER) &&
    (site === "same-origin" || site === "none") &&
    (origin === null || URL.parse(origin)?.host === headers.get("Host"));
  return isOurs ? undefined : problem(403, `a call needs the header ${ACTION_HEADER}, from this page alone`);
}

/** What went wrong, in the form that the interface gives it. */
export function problem(status: number, text: string): Response {
  return Response.json({ problem: text }, { status });
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
