// A minimal client of the Connector API for Node: signs by RFC 9421, posts an order from standard input, reads it back.
import { createHash, createHmac, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";

const [url, account, keyId, secret] = process.argv.slice(2);
const order = readFileSync(0);
const base = `/v1/accounts/${account}`;

function signed(method, path, query, body) {
  const digest = `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
  const created = Math.floor(Date.now() / 1000);
  const nonce = randomBytes(18).toString("base64url");
  const params =
    `("@method" "@path" "@query" "content-digest");created=${created};keyid="${keyId}";alg="hmac-sha256"` +
    `;expires=${created + 60};nonce="${nonce}";tag="writeback"`;
  const text = [
    `"@method": ${method}`, `"@path": ${path}`, `"@query": ?${query}`, `"content-digest": ${digest}`,
    `"@signature-params": ${params}`,
  ].join("\n");
  const mac = createHmac("sha256", Buffer.from(secret, "base64")).update(text).digest("base64");
  return { "Content-Digest": digest, "Signature-Input": `wb=${params}`, Signature: `wb=:${mac}:` };
}

async function call(method, path, query = "", body = Buffer.alloc(0)) {
  const headers = { ...signed(method, path, query, body), "Content-Type": "application/json" };
  const answer = await fetch(url + path + (query ? `?${query}` : ""), {
    method, headers, body: body.length ? body : undefined, redirect: "error",
  });
  return { status: answer.status, document: await answer.json() };
}

const marker = JSON.parse(order.toString()).marker;
const posted = await call("POST", `${base}/entries`, "", order);
const again = await call("POST", `${base}/entries`, "", order);
const found = await call("GET", `${base}/entries`, `marker=${marker}`);
console.log(JSON.stringify({ posted, again, found }));
