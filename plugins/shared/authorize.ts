import type * as v from "valibot";
import type { auth as authSchema } from "./core-access.ts";

type Auth = v.InferOutput<typeof authSchema>;

/** A function that adds what `auth` asks for to the headers of a request with this body. */
export function authorizer(
  auth: Auth | undefined,
): (headers: Record<string, string>, body: string | Uint8Array) => void {
  if (auth?.hmac !== undefined) {
    const key = new Bun.CryptoHasher("sha256", auth.hmac.secret);
    const name = auth.hmac.header.toLowerCase();
    return (headers, body) => {
      headers[name] = key.copy().update(body).digest("hex");
    };
  }
  const authorization = authorizationHeader(auth);
  return (headers) => {
    if (authorization !== undefined) headers["authorization"] = authorization;
  };
}

function authorizationHeader(auth: Auth | undefined): string | undefined {
  if (auth?.bearer !== undefined) return `Bearer ${auth.bearer}`;
  if (auth?.basic === undefined) return undefined;
  return `Basic ${Buffer.from(`${auth.basic.user}:${auth.basic.password}`).toString("base64")}`;
}
