#!/usr/bin/env python3
"""Writes signatures.json and exchanges.json beside itself, with Python's standard library alone.

The vectors are the protocol's second opinion: nothing here is shared with the program they test.
Run it again after an edit; its output is the same every time.
"""

import base64
import hashlib
import hmac
import json
import pathlib

SECRET = "klas-test-secret"
NON_ASCII_SECRET = "пароль-密码-🔑"
PLAYERS = {"12001": "30", "jérôme-🎲": "-0.07", "whale": "12345678901234567890123456789012345.678"}
BODY = b'{"request_id":"r-1","timestamp":1710000000,"session_id":"s-1","player_id":"12001"}'


def sign(body, secret=SECRET, hash_name="sha256"):
    return hmac.new(secret.encode("utf-8"), body, hash_name).hexdigest()


def base64_text(octets):
    return base64.b64encode(octets).decode("ascii")


def signature_vector(name, why, body, secret, header, problem=None):
    """A header against a body; `problem` is missing, malformed or wrong where it does not fit."""
    return {
        "name": name,
        "why": why,
        "secret": secret,
        "body_base64": base64_text(body),
        "x_signature": header,
        "valid": problem is None,
        "problem": problem,
    }


def signatures():
    binary = bytes(range(256))
    spaced = b'{ "player_id" : "12001" }\n'
    right = sign(BODY)
    return [
        signature_vector("plain", "a request as it is usually sent", BODY, SECRET, right),
        signature_vector("upper-case", "either case of hex is accepted", BODY, SECRET, right.upper()),
        signature_vector("empty-body", "no bytes have a signature too", b"", SECRET, sign(b"")),
        signature_vector("binary-body", "the bytes need not be text", binary, SECRET, sign(binary)),
        signature_vector("white-space", "white space and the last newline are signed", spaced, SECRET, sign(spaced)),
        signature_vector(
            "non-ascii-secret", "the key is the secret's UTF-8 bytes", BODY, NON_ASCII_SECRET, sign(BODY, NON_ASCII_SECRET)
        ),
        signature_vector(
            "long-secret", "a key longer than SHA-256's block of 64 bytes is hashed first", BODY, "k" * 100, sign(BODY, "k" * 100)
        ),
        signature_vector(
            "hex-like-secret", "a secret that looks like hex is not decoded", BODY, "00ff" * 16, sign(BODY, "00ff" * 16)
        ),
        signature_vector("missing", "there is no header", BODY, SECRET, None, "missing"),
        signature_vector("empty", "the header is empty", BODY, SECRET, "", "malformed"),
        signature_vector("63-digits", "a digit is missing", BODY, SECRET, right[:63], "malformed"),
        signature_vector("65-digits", "there is a digit too many", BODY, SECRET, right + "0", "malformed"),
        signature_vector("not-hex", "the last two characters are no digits", BODY, SECRET, right[:62] + "zz", "malformed"),
        signature_vector("prefix", "nothing may be around the digits", BODY, SECRET, "sha256=" + right, "malformed"),
        signature_vector(
            "base64",
            "hex is expected, not base64",
            BODY,
            SECRET,
            base64_text(bytes.fromhex(right)),
            "malformed",
        ),
        signature_vector("other-secret", "made with another secret", BODY, SECRET, sign(BODY, "another"), "wrong"),
        signature_vector(
            "hex-decoded-secret",
            "the secret was decoded from hex before it was used",
            BODY,
            "00ff" * 16,
            hmac.new(bytes.fromhex("00ff" * 16), BODY, "sha256").hexdigest(),
            "wrong",
        ),
        signature_vector(
            "reserialized",
            "made over the same JSON without its white space",
            spaced,
            SECRET,
            sign(b'{"player_id":"12001"}'),
            "wrong",
        ),
        signature_vector(
            "no-secret", "a plain SHA-256 of the body", BODY, SECRET, hashlib.sha256(BODY).hexdigest(), "wrong"
        ),
        signature_vector("other-hash", "an HMAC with SHA-512", BODY, SECRET, sign(BODY, hash_name="sha512"), "malformed"),
    ]


def reply(status_code, balance=None):
    fields = {"status_code": status_code} if balance is None else {"balance": balance, "status_code": status_code}
    return json.dumps(fields, separators=(",", ":")).encode("ascii")


def exchange_vector(name, why, body, expected, header=None, secret=SECRET):
    return {
        "name": name,
        "why": why,
        "secret": secret,
        "body_base64": base64_text(body),
        "x_signature": sign(body, secret) if header is None else header,
        "reply_base64": base64_text(expected),
        "reply_x_signature": sign(expected, secret),
    }


def request(**changes):
    fields = {"request_id": "r-1", "timestamp": 1710000000, "session_id": "s-1", "player_id": "12001"}
    fields.update(changes)
    kept = {name: value for name, value in fields.items() if value is not None}
    return json.dumps(kept, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def exchanges():
    ok = reply("OK", "30")
    invalid = reply("ERR_INVALID_BODY")
    unknown = reply("ERR_PLAYER_NOT_FOUND")
    refused = reply("ERR_INTEGRITY_CHECK_FAILED")
    example = json.dumps(
        {"request_id": "1234", "timestamp": 1710000000, "session_id": "5678", "player_id": "12001", "currency": "EUR"},
        indent=2,
    ).encode("ascii")
    escaped = json.dumps(
        {"request_id": "r-2", "timestamp": 1710000000000, "session_id": "s-2", "player_id": "jérôme-🎲"}
    ).encode("ascii")
    return [
        exchange_vector("ok", "a known player", BODY, ok),
        exchange_vector("ok-as-documented", "indented, with a field that is not known", example, ok),
        exchange_vector("ok-escaped", "escapes, milliseconds, a negative amount", escaped, reply("OK", "-0.07")),
        exchange_vector(
            "ok-non-ascii", "the same player in UTF-8", request(player_id="jérôme-🎲"), reply("OK", "-0.07")
        ),
        exchange_vector("ok-exact", "38 digits survive", request(player_id="whale"), reply("OK", PLAYERS["whale"])),
        exchange_vector(
            "ok-non-ascii-secret", "the reply is signed with the same secret", BODY, ok, secret=NON_ASCII_SECRET
        ),
        exchange_vector("ok-upper-case", "upper-case digits are accepted", BODY, ok, header=sign(BODY).upper()),
        exchange_vector("unknown-player", "no balance for whom we do not know", request(player_id="12002"), unknown),
        exchange_vector("constructor", "a name that plain objects answer to", request(player_id="constructor"), unknown),
        exchange_vector("bad-signature", "refused, and the refusal is signed", BODY, refused, header="0" * 64),
        exchange_vector("bad-signature-first", "the signature goes before the JSON", b"{", refused, header="0" * 64),
        exchange_vector("empty-body", "rightly signed, and no JSON", b"", invalid),
        exchange_vector("not-utf8", "a byte that is no UTF-8", BODY.replace(b"s-1", b"s-\xff"), invalid),
        exchange_vector("player-as-number", "nothing is coerced", request(player_id=12001), invalid),
        exchange_vector("timestamp-as-text", "nothing is coerced", request(timestamp="1710000000"), invalid),
        exchange_vector("timestamp-negative", "no call is from before 1970", request(timestamp=-1), invalid),
        exchange_vector("session-missing", "all four fields are required", request(session_id=None), invalid),
        exchange_vector("id-256-characters", "the longest id, in characters", request(session_id="é" * 256), ok),
        exchange_vector("id-257-characters", "beyond the limit", request(session_id="s" * 257), invalid),
        exchange_vector("lone-surrogate", "no Unicode character", BODY.replace(b"s-1", b"\\ud800"), invalid),
    ]


def write(name, content):
    path = pathlib.Path(__file__).with_name(name)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


write("signatures.json", {"vectors": signatures()})
write("exchanges.json", {"players": PLAYERS, "vectors": exchanges()})
