// A client of the Connector API from generated types: posts an order from standard input, and reads it back in every way.
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "./connector.gen.js";
import { signer } from "./signer.js";

type Schemas = components["schemas"];

const [url, account, keyId, secret] = process.argv.slice(2);
if (!url || !account || !keyId || !secret) throw new Error("wanted: URL ACCOUNT KEY-ID SECRET");

const client = createClient<paths>({ baseUrl: url, redirect: "error" });
client.use(signer(keyId, Buffer.from(secret, "base64")));

function given<T, P>(name: string, answer: { data?: T; error?: P; response: Response }): { status: number; document: T } {
  if (answer.data === undefined) throw new Error(`${name}: ${answer.response.status} ${JSON.stringify(answer.error)}`);
  return { status: answer.response.status, document: answer.data };
}

const order: Schemas["EntryOrder"] = JSON.parse(readFileSync(0, "utf8"));
const path = { account };
const patient: Schemas["PatientKey"] = { patient_id: order.patient_id };

const entries = "/v1/accounts/{account}/entries";
const unknown = await client.POST(entries, { params: { path }, body: { ...order, patient_id: "nobody" } });
const problem: Schemas["Problem"] | undefined = unknown.error;
const posted = given("postEntry", await client.POST(entries, { params: { path }, body: order }));
const again = given("postEntry", await client.POST(entries, { params: { path }, body: order }));
const entryId = posted.document.entry?.entry_id;
if (entryId === undefined) throw new Error(`nothing was posted: ${posted.document.status}`);

const health = given("getHealth", await client.GET("/v1/accounts/{account}/health", { params: { path } }));
const capabilities = given(
  "getCapabilities",
  await client.GET("/v1/accounts/{account}/capabilities", { params: { path } }),
);
const types = given("listTypes", await client.GET("/v1/accounts/{account}/types", { params: { path } }));
const outcome = given(
  "getOutcome",
  await client.GET("/v1/accounts/{account}/requests/{idempotency_key}", {
    params: { path: { account, idempotency_key: order.idempotency_key } },
  }),
);
const found = given("findEntries", await client.GET(entries, { params: { path, query: { marker: order.marker } } }));
const entry = given(
  "getEntry",
  await client.GET("/v1/accounts/{account}/entries/{entry_id}", { params: { path: { account, entry_id: entryId } } }),
);
const patients = given(
  "searchPatients",
  await client.POST("/v1/accounts/{account}/patients/search", { params: { path }, body: { text: "Sample Pat" } }),
);
const listed = given(
  "listPatients",
  await client.POST("/v1/accounts/{account}/patients/list", { params: { path }, body: {} }),
);
const read = given(
  "readPatient",
  await client.POST("/v1/accounts/{account}/patients/read", { params: { path }, body: patient }),
);
const owed = given(
  "readAccount",
  await client.POST("/v1/accounts/{account}/patients/account", { params: { path }, body: patient }),
);

console.log(
  JSON.stringify({
    refused: { status: unknown.response.status, document: problem ?? null },
    posted,
    again,
    health,
    capabilities,
    types,
    outcome,
    found,
    entry,
    patients,
    listed,
    patient: read,
    account: owed,
  }),
);
