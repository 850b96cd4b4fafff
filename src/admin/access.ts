import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Guesses } from "./guesses.ts";

/** The answer that turns a request away; `undefined` if it may go on. */
export type AccessRefusal = (request: Request) => Response | undefined;

/** Who may use the admin listener (spec 5). */
export interface Access {
  /** For the page itself: `Host` must be a name of this machine, unless a token guards. */
  readonly refusalOfPage: AccessRefusal;
  /** For the question whether anything is listening. */
  readonly refusalOfProbe: AccessRefusal;
  /** For what other programs read: readiness and metrics. */
  readonly refusalOfProgram: AccessRefusal;
  /** For everything else that discloses something. */
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

/** The scheme may be in either case (RFC 9110, section 11.1). */
const BEARER = /^bearer +/i;

/** The names of this machine that only its user can give a browser: a rebound DNS name is never one of them. */
const LOOPBACK_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i;

export function openAccess(token: string | undefined, guesses: Guesses): Access {
  const { refusalOfHost, refusalOfProbe, refusal, login } =
    token === undefined ? withoutToken() : withToken(token, guesses);
  // What a browser sends for another site is turned away first: it is no guess of its user's.
  return {
    refusalOfPage: (request) => refusalOfHost(request) ?? (isVisit(request) ? undefined : foreign(request)),
    refusalOfProbe,
    refusalOfProgram: refusal,
    refusal: (request) => foreign(request) ?? refusal(request),
    refusalOfAction: (request) => crossSite(request) ?? refusal(request),
    login: async (request) => crossSite(request) ?? (await login(request)),
  };
}

type Guard = Pick<Access, "refusalOfProbe" | "refusal" | "login"> & { readonly refusalOfHost: AccessRefusal };

function withoutToken(): Guard {
  return {
    refusalOfHost: foreignHost,
    // It is told no more than that something listens, so a balancer may ask by any name.
    refusalOfProbe: () => undefined,
    refusal: foreignHost,
    login: () => Promise.resolve(problem(404, "there is no token to log in with")),
  };
}

function withToken(token: string, guesses: Guesses): Guard {
  const expected = sha256(token);
  /** When each session ends, by the hash of its id. */
  const sessions = new Map<string, number>();

  /** Nothing is compared while the sender must wait: neither the answer nor its time says anything of the token. */
  function judge(request: Request, given: string, wrong: () => Response): Response | undefined {
    const waitMs = guesses.waitMs(request);
    if (waitMs > 0) return mustWait(waitMs);
    const digest = sha256(given);
    // Hashes have one length, so the time of the comparison reveals neither the token nor its length.
    if (timingSafeEqual(digest, expected)) {
      guesses.right(request);
      return undefined;
    }
    guesses.wrong(request, digest.toString("hex"));
    return wrong();
  }

  const isSession = (digest: Buffer) => (sessions.get(digest.toString("hex")) ?? 0) > performance.now();

  function openSession(): string {
    const id = randomBytes(32).toString("hex");
    sessions.set(sha256(id).toString("hex"), performance.now() + SESSION_SECONDS * 1000);
    const [oldest] = sessions.size > MAX_SESSIONS ? sessions.keys() : [];
    if (oldest !== undefined) sessions.delete(oldest);
    return id;
  }

  function refusal(request: Request): Response | undefined {
    const authorization = request.headers.get("Authorization") ?? "";
    if (BEARER.test(authorization)) {
      return judge(request, authorization.replace(BEARER, ""), unauthorized);
    }
    const session = new Bun.CookieMap(request.headers.get("Cookie") ?? "").get(COOKIE);
    // Nobody guesses 256 bits: an unknown one is a session that is over, and no guess. And who is logged in goes on while
    // somebody behind the same proxy guesses at the token.
    return session !== null && isSession(sha256(session)) ? undefined : unauthorized();
  }

  return {
    refusalOfHost: () => undefined,
    refusalOfProbe: refusal,
    refusal,
    async login(request) {
      const given = (await request.text()).slice(0, MAX_TOKEN_CHARACTERS);
      const refused = judge(request, given, () => problem(403, "that is not the token"));
      if (refused !== undefined) return refused;
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

function unauthorized(): Response {
  return new Response(null, { status: 401, headers: { "WWW-Authenticate": "Bearer" } });
}

function mustWait(waitMs: number): Response {
  const seconds = Math.ceil(waitMs / 1000);
  const refused = problem(429, `too many wrong tokens came from this address: try again in ${seconds} s`);
  refused.headers.set("Retry-After", String(seconds));
  return refused;
}

function foreignHost({ headers }: Request): Response | undefined {
  if (LOOPBACK_HOST.test(headers.get("Host") ?? "")) return undefined;
  return problem(403, "without admin.token this listener answers for localhost, 127.0.0.1 and [::1] only");
}

/** Turns away what a browser says that another site made it send (Fetch Metadata). Programs say nothing. */
function foreign({ headers }: Request): Response | undefined {
  const site = headers.get("Sec-Fetch-Site") ?? "none";
  if (site === "same-origin" || site === "none") return undefined;
  return problem(403, "another site made this browser ask: only the page of this listener may");
}

/** Somebody follows a link to the page, from a chat or a manual. It is shown to them, and the other site sees nothing. */
function isVisit({ headers }: Request): boolean {
  return headers.get("Sec-Fetch-Mode") === "navigate" && headers.get("Sec-Fetch-Dest") === "document";
}

/** Turns away what another site may have made a browser send, also a browser that does not say so. */
function crossSite(request: Request): Response | undefined {
  const { headers } = request;
  const origin = headers.get("Origin");
  const isOurs =
    headers.has(ACTION_HEADER) &&
    foreign(request) === undefined &&
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
