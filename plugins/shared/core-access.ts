import * as v from "valibot";

/**
 * How we and a core behind HTTP recognise each other: `auth` and `tls`, the same for lookups and for forwarded calls.
 */

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** The headers that say where a message ends. Only the HTTP client writes them (RFC 9112, section 6). */
const FRAMING = /^(?:content-length|transfer-encoding|connection)$/i;

/** A token (RFC 9110, section 5.1). */
export const headerName = v.pipe(
  v.string(),
  v.check((text) => NAME.test(text), "expected the name of a header"),
  v.check((name) => !FRAMING.test(name), "expected another header: this one is written by the HTTP client"),
);

const secret = v.pipe(v.string("expected text"), v.nonEmpty("expected text that is not empty"));

const file = v.pipe(
  v.string("expected the path of a PEM file"),
  v.nonEmpty("expected the path of a PEM file"),
);

export const auth = v.pipe(
  v.strictObject(
    {
      bearer: v.optional(
        v.pipe(
          secret,
          v.regex(/^[\x21-\x7e]+$/, "expected a token of printable ASCII characters, without spaces"),
        ),
      ),
      basic: v.optional(
        v.strictObject(
          {
            user: v.pipe(secret, v.excludes(":", "expected a user without a colon (RFC 7617)")),
            password: v.string("expected text"),
          },
          "expected a table",
        ),
      ),
      hmac: v.optional(v.strictObject({ secret, header: headerName }, "expected a table")),
    },
    "expected a table",
  ),
  v.check((methods) => Object.keys(methods).length === 1, "expected exactly one of bearer, basic and hmac"),
);

/** Whom we trust instead of the authorities that come with the runtime, and the certificate that we show. */
export const clientTls = v.pipe(
  v.strictObject({ ca: v.optional(file), cert: v.optional(file), key: v.optional(file) }, "expected a table"),
  v.check(({ cert, key }) => (cert === undefined) === (key === undefined), "expected cert and key together"),
);
