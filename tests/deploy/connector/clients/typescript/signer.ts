// Signs each request of the generated client by RFC 9421.
import { createHash, createHmac, randomBytes } from "node:crypto";
import type { Middleware } from "openapi-fetch";

const LIFE_S = 60;

export function signer(keyId: string, secret: Buffer): Middleware {
  return {
    async onRequest({ request }) {
      const { pathname, search } = new URL(request.url);
      const body = Buffer.from(await request.clone().arrayBuffer());
      const digest = `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
      const created = Math.floor(Date.now() / 1000);
      const params =
        `("@method" "@path" "@query" "content-digest");created=${created};keyid="${keyId}";alg="hmac-sha256"` +
        `;expires=${created + LIFE_S};nonce="${randomBytes(18).toString("base64url")}";tag="writeback"`;
      const text = [
        `"@method": ${request.method}`,
        `"@path": ${pathname}`,
        `"@query": ${search || "?"}`,
        `"content-digest": ${digest}`,
        `"@signature-params": ${params}`,
      ].join("\n");
      const mac = createHmac("sha256", secret).update(text).digest("base64");
      request.headers.set("Content-Digest", digest);
      request.headers.set("Signature-Input", `wb=${params}`);
      request.headers.set("Signature", `wb=:${mac}:`);
      return request;
    },
  };
}
