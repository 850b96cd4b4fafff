import { DEFAULT_STATUS_CODES } from "../../protocol/status.ts";
import { requestWith, type Fields, goodFields, type TestedEndpoint } from "../signed-request.ts";
import type { Case } from "../case.ts";
import { answersCode, answersOk, refuses } from "../expectation.ts";

const invalid = answersCode(DEFAULT_STATUS_CODES.invalid_body);

function fields(make: (tested: TestedEndpoint) => Readonly<Record<string, unknown>>) {
  return (tested: TestedEndpoint) => requestWith(tested, { fields: make(tested) });
}

const IDS = ["request_id", "session_id", "player_id"] as const satisfies readonly (keyof Fields)[];
const ALL_FIELDS = [...IDS, "timestamp"] as const;

function kebab(field: string): string {
  return field.replace("_", "-");
}

/** Three cases for every field: without it, with `null`, with a value of another type. */
const requiredFieldCases: readonly Case[] = ALL_FIELDS.flatMap((field): Case[] => [
  {
    id: `${kebab(field)}-missing`,
    section: "1.1",
    level: "must",
    about: `A request without ${field} is invalid: it is required.`,
    send: fields(() => ({ [field]: undefined })),
    expect: invalid,
  },
  {
    id: `${kebab(field)}-null`,
    section: "1.1",
    level: "must",
    about: `${field} as null is invalid: null is not the text "null", nor zero.`,
    send: fields(() => ({ [field]: null })),
    expect: invalid,
  },
  field === "timestamp"
    ? {
        id: "timestamp-as-text",
        section: "1.1",
        level: "must",
        about: "A timestamp in quotes is invalid: nothing is coerced.",
        send: fields((tested) => ({ timestamp: String(goodFields(tested).timestamp) })),
        expect: invalid,
      }
    : {
        id: `${kebab(field)}-as-number`,
        section: "1.1",
        level: "must",
        about: `${field} as a number is invalid: nothing is coerced, and a long number would lose digits.`,
        send: fields((tested) => ({ [field]: numberLike(field, tested) })),
        expect: invalid,
      },
]);

/** The known player's own id if it is a number: a server that coerces would find the player. */
function numberLike(field: string, tested: TestedEndpoint): number {
  const number = Number(tested.player);
  return field === "player_id" && String(number) === tested.player ? number : 12001;
}

const emptyIdCases: readonly Case[] = IDS.map((field) => ({
  id: `${kebab(field)}-empty`,
  section: "1.1",
  level: "must",
  about: `An empty ${field} is invalid: it identifies nothing.`,
  send: fields(() => ({ [field]: "" })),
  expect: invalid,
}));

/** Section 1.1: the four fields and their limits. */
export const fieldCases: readonly Case[] = [
  ...requiredFieldCases,
  ...emptyIdCases,
  {
    id: "player-id-as-object",
    section: "1.1",
    level: "must",
    about: "player_id as an object or array is invalid: databases take such values for operators.",
    send: fields((tested) => ({ player_id: { $in: [tested.player] } })),
    expect: invalid,
  },
  {
    id: "id-256-characters",
    section: "1.1",
    level: "must",
    about: "A session_id of 256 characters is answered: that is the limit, in characters and not in bytes.",
    send: fields(() => ({ session_id: "é".repeat(256) })),
    expect: answersOk,
  },
  {
    id: "id-257-characters",
    section: "1.1",
    level: "should",
    about: "A session_id of 257 characters is invalid: it is beyond the limit.",
    send: fields(() => ({ session_id: "s".repeat(257) })),
    expect: invalid,
  },
  {
    id: "id-control-character",
    section: "1.1",
    level: "should",
    about: "A newline in a request_id is invalid: it would forge lines in logs.",
    send: fields(() => ({ request_id: "certify\nforged" })),
    expect: invalid,
  },
  {
    id: "id-delete-character",
    section: "1.1",
    level: "should",
    about: "U+007F in a session_id is invalid: it is a control character like those below U+0020.",
    send: fields(() => ({ session_id: "certify\u007f" })),
    expect: invalid,
  },
  {
    id: "id-lone-surrogate",
    section: "1.1",
    level: "should",
    about:
      "A lone surrogate (\\ud800) in a session_id is invalid: it is not a Unicode character and cannot be stored.",
    send: fields(() => ({ session_id: "certify\ud800" })),
    expect: invalid,
  },
  {
    id: "player-id-lone-surrogate",
    section: "1.1",
    level: "must",
    about: "A lone surrogate in player_id is refused and must not crash what looks it up.",
    send: fields((tested) => ({ player_id: `${tested.player}\ud800` })),
    expect: refuses,
  },
  {
    id: "player-id-nul",
    section: "1.1",
    level: "must",
    about:
      "The known player's id with U+0000 after it is refused: text that ends at a NUL would find the player.",
    send: fields((tested) => ({ player_id: `${tested.player}\u0000` })),
    expect: refuses,
  },
  {
    id: "timestamp-seconds",
    section: "1.1",
    level: "must",
    about: "The current time in seconds is answered.",
    send: fields(() => ({ timestamp: Math.floor(Date.now() / 1000) })),
    expect: answersOk,
  },
  {
    id: "timestamp-milliseconds",
    section: "1.1",
    level: "must",
    about: "The current time in milliseconds is answered: Klas's pages show both.",
    send: fields(() => ({ timestamp: Date.now() })),
    expect: answersOk,
  },
  {
    id: "timestamp-fraction",
    section: "1.1",
    level: "should",
    about: "The current time with a fraction of a second is answered: it is a number.",
    send: fields(() => ({ timestamp: Math.floor(Date.now() / 1000) + 0.5 })),
    expect: answersOk,
  },
  {
    id: "timestamp-negative",
    section: "1.1",
    level: "must",
    about: "A negative timestamp is refused: no call is from before 1970.",
    send: fields(() => ({ timestamp: -1 })),
    expect: refuses,
  },
  {
    id: "timestamp-boolean",
    section: "1.1",
    level: "must",
    about: "`true` as a timestamp is invalid: some languages count it as 1.",
    send: fields(() => ({ timestamp: true })),
    expect: invalid,
  },
  {
    id: "timestamp-infinite",
    section: "1.1",
    level: "must",
    about: "1e999 as a timestamp is refused: it is read as infinity.",
    send: (tested) => {
      const body = JSON.stringify({ ...goodFields(tested), timestamp: 0 });
      return requestWith(tested, { body: body.replace('"timestamp":0', '"timestamp":1e999') });
    },
    expect: refuses,
  },
];
