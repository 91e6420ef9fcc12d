#!/usr/bin/env python3
"""Tokens of every algorithm: PyJWT verifies ours and we verify PyJWT's; and JSON as CPython writes it."""

import json
import random
import secrets
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

SKIPPED = 77
try:
    import jwt
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
except ImportError as missing:
    print(f"SKIPPED: {missing} (script/bootstrap --dev installs python3-jwt and python3-cryptography)")
    sys.exit(SKIPPED)

TOOL = sys.argv[1]
CLAIMS = {"token_type": "access", "exp": 4102444800, "iat": 1795318110, "jti": "5183f6b994de46fca54a5809eeb11226",
          "user_id": "1", "name": "Jörg \U0001f600", "share": 0.1, "none": None, "list": [1, 2.0, {"deep": True}]}
CURVES = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}


def tool(*words, given: str) -> str:
    done = subprocess.run([TOOL, *map(str, words)], input=given.encode(), capture_output=True, timeout=60)
    assert done.returncode == 0, f"{words}: {done.stderr.decode()}"
    return done.stdout.decode()


def refuses(*words, given: str) -> bool:
    return subprocess.run([TOOL, *map(str, words)], input=given.encode(), capture_output=True, timeout=60).returncode == 1


def new_private_key(algorithm: str):
    if algorithm in CURVES:
        return ec.generate_private_key(CURVES[algorithm]())
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def asymmetric(algorithm: str, folder: Path):
    """(PyJWT's signing key, its verifying key, our private file, our public file)"""
    key = new_private_key(algorithm)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    files = folder / f"{algorithm}.pem", folder / f"{algorithm}.pub"
    for file, text in zip(files, (private, public)):
        file.write_bytes(text)
    return private, public, *files


def symmetric(algorithm: str, folder: Path):
    secret = secrets.token_bytes(int(algorithm[2:]) // 8)
    file = folder / f"{algorithm}.jwk"
    file.write_text(json.dumps({"kty": "oct", "k": jwt.utils.base64url_encode(secret).decode()}))
    return secret, secret, file, file


def compare(algorithm: str, folder: Path) -> None:
    keys = symmetric if algorithm.startswith("HS") else asymmetric
    signing, verifying, private_file, public_file = keys(algorithm, folder)
    payload = json.dumps(CLAIMS, separators=(",", ":"))

    ours = tool("sign", private_file, algorithm, given=payload)
    assert jwt.decode(ours, verifying, algorithms=[algorithm]) == CLAIMS
    assert jwt.get_unverified_header(ours) == {"alg": algorithm, "typ": "JWT"}

    for headers in (None, {"kid": "someone's"}, {"kid": "someone's", "x5t": "AA"}):
        theirs = jwt.encode(CLAIMS, signing, algorithm, headers=headers)
        assert tool("verify", public_file, algorithm, given=theirs) == payload
    head, body, signature = theirs.split(".")
    other = ("B" if signature[0] != "B" else "C") + signature[1:]
    assert refuses("verify", public_file, algorithm, given=f"{head}.{body}.{other}")
    if algorithm.startswith("HS"):
        assert ours == jwt.encode(CLAIMS, signing, algorithm), "the same bytes"
        return
    jwk = json.loads(tool("jwk", public_file, algorithm, given=""))
    assert jwt.decode(ours, jwt.PyJWK(jwk, algorithm).key, algorithms=[algorithm]) == CLAIMS


def compare_json() -> None:
    """Numbers of all sizes, and strings of all kinds, from a generator with a fixed seed."""
    source = random.Random(7519)
    numbers = [struct.unpack("<d", source.randbytes(8))[0] for _ in range(20000)]
    numbers += [source.uniform(-1, 1) * 10 ** source.randint(-25, 25) for _ in range(20000)]
    numbers += [float(source.randint(-10**18, 10**18)) for _ in range(2000)]
    numbers += [source.randint(-2**63, 2**64 - 1) for _ in range(2000)]
    numbers = [number for number in numbers if number == number and abs(number) != float("inf")]
    points = [point for point in range(0x110000) if not 0xD800 <= point < 0xE000]
    strings = ["".join(map(chr, source.choices(points, k=8))) for _ in range(2000)] + [chr(i) for i in range(256)]
    value = {"numbers": numbers, "strings": strings, "other": [True, False, None, {}, []]}
    assert tool("json", given=json.dumps(value, ensure_ascii=False)) == json.dumps(value, separators=(",", ":"))


with tempfile.TemporaryDirectory() as name:
    for each in ("HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384",
                 "ES512", "EdDSA"):
        compare(each, Path(name))
        print(f"{each}: both ways")
compare_json()
print(f"JSON: as CPython's\nPyJWT {jwt.__version__}")
