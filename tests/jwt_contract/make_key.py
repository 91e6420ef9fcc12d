#!/usr/bin/python3
"""Makes a private key for an algorithm, and its public key in PATH.pub.

  make_key.py ALGORITHM PATH
"""

import subprocess
import sys

ALGORITHMS = {  # and openssl's arguments to make a key
    "RS256": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    "RS384": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    "RS512": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    "PS256": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    "PS384": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    "PS512": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    "ES256": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "ES384": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"),
    "ES512": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"),
    "EdDSA": ("-algorithm", "ED25519"),
}


def make_key(algorithm: str, path: str) -> None:
    subprocess.run(["openssl", "genpkey", *ALGORITHMS[algorithm], "-out", path], check=True, capture_output=True,
                   timeout=60)
    subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-out", path + ".pub"], check=True, capture_output=True,
                   timeout=60)


if __name__ == "__main__":
    make_key(*sys.argv[1:])
