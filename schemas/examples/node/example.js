// Reports one payment to Writeback and waits for what becomes of it. Ends with 0 when it is posted, 3 when it is refused.

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import avro from "avsc";
import { Kafka, Partitioners, logLevel } from "kafkajs";

const setting = (name, otherwise) => process.env[name] ?? otherwise;
const contract = setting("CONTRACT", join(import.meta.dirname ?? ".", "..", ".."));
const prefix = setting("TOPIC_PREFIX", "sandbox.");
const practice = setting("PRACTICE", "larkspur");
const json = (...names) => JSON.parse(readFileSync(join(contract, ...names), "utf8"));

// Every version of a schema that was ever released, by the id that stands before each value.
const released = json("released", "ids.json").map(({ id, record, version }) => ({
  id,
  record,
  version,
  type: () => avro.Type.forSchema(json("released", `${record}.v${version}.avsc`)),
}));
const byId = new Map(released.map((schema) => [schema.id, schema]));
const newest = (record) => released.filter((schema) => schema.record === record).at(-1);

// Confluent wire format: a zero byte, the schema's id, the Avro body.
function encode(record, value) {
  const schema = newest(record);
  const header = Buffer.alloc(5);
  header.writeInt32BE(schema.id, 1);
  return Buffer.concat([header, schema.type().toBuffer(value)]);
}

// An id that is not known belongs to a newer release: whoever does not know it leaves the record out.
function decode(bytes) {
  const schema = byId.get(bytes.readInt32BE(1));
  return schema && { record: schema.record, value: schema.type().fromBuffer(bytes.subarray(5)) };
}

const id = randomUUID();
const now = Date.now() * 1000; // instants are microseconds
const payment = {
  event_id: `ev-${id}`,
  source: "payments.example",
  occurred_at: now,
  produced_at: now,
  practice_id: practice,
  trace_id: null,
  payment_id: `pay-${id}`,
  kind: "TERMINAL",
  tender: "CARD",
  initiation: "PATIENT",
  currency: setting("CURRENCY", "USD"),
  gross_minor: 10000, // whole cents
  fee_minor: 320,
  fees: null,
  net_minor: 9680, // always gross - fee
  surcharge_minor: 0,
  funds: "CLEARED",
  patient_ref: setting("PATIENT", "pt-1"),
  payer: "SELF",
  splits: [],
  plan: null,
  collection: null,
  remittance: null,
  card: { brand: "visa", last4: "4242" },
  settled_outside: false,
};

const kafka = new Kafka({
  clientId: "payments.example",
  brokers: setting("BOOTSTRAP", "127.0.0.1:9092").split(","),
  logLevel: logLevel.ERROR,
  // ssl: true, sasl: { mechanism: "scram-sha-512", username, password },
});

// Listen before sending. A real consumer keeps its group, and drops repeats by result_id.
const consumer = kafka.consumer({ groupId: `${prefix}example-${id}` });
await consumer.connect();
await consumer.subscribe({ topic: `${prefix}writeback-results.v1`, fromBeginning: true });
const outcome = new Promise((resolve) => {
  consumer.run({
    eachMessage: async ({ message }) => {
      const result = decode(message.value);
      if (result?.value.event_id !== payment.event_id) return;
      if (result.record === "RecordRefused") resolve({ code: 3, ...result });
      if (result.record === "Result" && result.value.state === "POSTED") resolve({ code: 0, ...result });
    },
  });
});

// murmur2, as Java's client: every program that sends a practice's events has to agree on the partition.
const producer = kafka.producer({ idempotent: true, createPartitioner: Partitioners.DefaultPartitioner });
await producer.connect();
await producer.send({
  topic: `${prefix}payments.v1`,
  acks: -1,
  messages: [
    {
      key: practice,
      value: encode("PaymentSucceeded", payment),
      headers: {
        ce_specversion: "1.0",
        ce_id: payment.event_id,
        ce_source: payment.source,
        ce_type: "writeback.payments.PaymentSucceeded.v1",
        ce_time: new Date(now / 1000).toISOString(),
        ce_subject: practice,
        "content-type": "application/vnd.confluent.avro",
      },
    },
  ],
});

const { code, record, value } = await outcome;
console.log(JSON.stringify({ record, event_id: value.event_id, state: value.state, reason: value.reason, problem: value.problem }));
await producer.disconnect();
await consumer.disconnect();
process.exit(code);
