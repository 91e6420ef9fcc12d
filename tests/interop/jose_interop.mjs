// Encrypted tokens: node's jose decrypts ours and we decrypt jose's; also every signature, and the JWKs.
//   node jose_interop.mjs JOSE_TOOL FOLDER_WITH_NODE_MODULES
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [tool, modules] = process.argv.slice(2);
let jose;
try {
  const found = createRequire(join(modules, "here.js")).resolve("jose");
  jose = await import(pathToFileURL(found));
} catch (error) {
  console.log(`SKIPPED: no module jose in ${modules} (script/bootstrap --dev installs it where npm is): ${error.code}`);
  process.exit(77);
}

const folder = mkdtempSync(join(tmpdir(), "jose_interop."));
const claims = { token_type: "access", exp: 4102444800, user_id: "1", name: "J\u00f6rg" };
const payload = JSON.stringify(claims);
const text = new TextEncoder();
let files = 0;

function file(content) {
  const path = join(folder, String(files++));
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

function run(words, input) {
  const done = spawnSync(tool, words, { input, encoding: "utf8", timeout: 60000 });
  assert.equal(done.error, undefined);
  return done;
}

function ask(words, input = "") {
  const done = run(words, input);
  assert.equal(done.status, 0, `${words}: ${done.stderr}`);
  return done.stdout;
}

async function compareSignatures(algorithm) {
  const isSecret = algorithm.startsWith("HS");
  const pair = isSecret ? null : await jose.generateKeyPair(algorithm, { crv: "Ed25519", extractable: true });
  const secret = isSecret ? randomBytes(Number(algorithm.slice(2)) / 8) : null;
  const privateJwk = isSecret
    ? { kty: "oct", k: jose.base64url.encode(secret) }
    : await jose.exportJWK(pair.privateKey);
  const privateFile = file(JSON.stringify({ ...privateJwk, alg: algorithm }));
  const publicKey = isSecret ? secret : pair.publicKey;

  const ours = ask(["sign", privateFile], payload);
  assert.deepEqual((await jose.jwtVerify(ours, publicKey, { algorithms: [algorithm] })).payload, claims);
  const theirs = await new jose.SignJWT(claims).setProtectedHeader({ alg: algorithm }).sign(isSecret ? secret : pair.privateKey);
  assert.equal(ask(["verify", privateFile], theirs), payload);
  if (isSecret) return;

  const publicFile = file(await jose.exportSPKI(pair.publicKey));
  assert.equal(ask(["verify", publicFile, algorithm], theirs), payload);
  const jwk = JSON.parse(ask(["jwk", publicFile, algorithm]));
  assert.equal(jwk.kid, await jose.calculateJwkThumbprint(await jose.exportJWK(pair.publicKey)));
  assert.deepEqual((await jose.jwtVerify(ours, await jose.importJWK(jwk))).payload, claims);
}

// A signed token within an encrypted one, both ways; and the variants that must be refused.
async function compareEncryption(algorithm, encryptionFile, encryptionKey, decryptionKey) {
  const signing = randomBytes(32);
  const signingFile = file(JSON.stringify({ kty: "oct", alg: "HS256", k: jose.base64url.encode(signing) }));

  const ours = ask(["encrypt", encryptionFile], ask(["sign", signingFile], payload));
  const opened = await jose.compactDecrypt(ours, decryptionKey);
  assert.deepEqual(opened.protectedHeader, { alg: algorithm, enc: "A256GCM", cty: "JWT" });
  const inner = new TextDecoder().decode(opened.plaintext);
  assert.deepEqual((await jose.jwtVerify(inner, signing)).payload, claims);

  const signed = await new jose.SignJWT(claims).setProtectedHeader({ alg: "HS256", typ: "JWT" }).sign(signing);
  const seal = (header) =>
    new jose.CompactEncrypt(text.encode(signed))
      .setProtectedHeader({ alg: algorithm, enc: "A256GCM", cty: "JWT", ...header })
      .encrypt(encryptionKey);
  for (const header of [{}, { kid: "theirs" }, { typ: "JWT" }]) {
    assert.equal(ask(["verify", signingFile], ask(["decrypt", encryptionFile], await seal(header))), payload);
  }
  const token = await seal({});
  const changed = token.slice(0, -4) + (token.at(-4) === "A" ? "B" : "A") + token.slice(-3);
  for (const other of [await seal({ cty: undefined }), changed, signed]) {
    assert.equal(run(["decrypt", encryptionFile], other).status, 1);
  }
}

try {
  for (const algorithm of ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]) {
    await compareSignatures(algorithm);
    console.log(`${algorithm}: both ways`);
  }
  const secret = randomBytes(32);
  const secretFile = file(JSON.stringify({ kty: "oct", alg: "A256GCM", k: jose.base64url.encode(secret) }));
  await compareEncryption("dir", secretFile, secret, secret);
  console.log("dir with A256GCM, nested: both ways");
  const pair = await jose.generateKeyPair("RSA-OAEP-256", { extractable: true });
  const pem = file(await jose.exportPKCS8(pair.privateKey));
  await compareEncryption("RSA-OAEP-256", pem, pair.publicKey, pair.privateKey);
  console.log("RSA-OAEP-256 with A256GCM, nested: both ways");
} finally {
  rmSync(folder, { recursive: true });
}
