import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Reports one payment to Writeback and waits for what becomes of it. Ends with 0 when it is posted, 3 when it is refused. */
public final class Example {
  private static final Path CONTRACT = Path.of(setting("CONTRACT", "../.."));
  private static final String PREFIX = setting("TOPIC_PREFIX", "sandbox.");
  private static final String PRACTICE = setting("PRACTICE", "larkspur");

  /** Every version of a schema that was ever released, by the id that stands before each value. */
  private static final Map<Integer, Schema> BY_ID = new HashMap<>();

  /** The newest id of each record. */
  private static final Map<String, Integer> NEWEST = new HashMap<>();

  private Example() {}

  public static void main(String[] arguments) throws Exception {
    for (JsonNode row : new ObjectMapper().readTree(CONTRACT.resolve("released/ids.json").toFile())) {
      String record = row.get("record").asText();
      String file = "released/" + record + ".v" + row.get("version").asInt() + ".avsc";
      BY_ID.put(row.get("id").asInt(), new Schema.Parser().parse(CONTRACT.resolve(file).toFile()));
      NEWEST.merge(record, row.get("id").asInt(), Math::max);
    }
    String id = UUID.randomUUID().toString();
    Instant now = Instant.now();
    try (KafkaConsumer<String, byte[]> consumer = consumer(id)) {
      send(payment(id, now), id, now);
      System.exit(outcome(consumer, "ev-" + id));
    }
  }

  private static GenericRecord payment(String id, Instant now) {
    Schema schema = BY_ID.get(NEWEST.get("PaymentSucceeded"));
    GenericRecord payment = new GenericData.Record(schema);
    for (Schema.Field field : schema.getFields()) {
      if (field.hasDefaultValue()) {
        payment.put(field.name(), GenericData.get().getDefaultValue(field));
      }
    }
    long micros = ChronoUnit.MICROS.between(Instant.EPOCH, now);
    payment.put("event_id", "ev-" + id);
    payment.put("source", "payments.example");
    payment.put("occurred_at", micros);
    payment.put("produced_at", micros);
    payment.put("practice_id", PRACTICE);
    payment.put("payment_id", "pay-" + id);
    payment.put("currency", setting("CURRENCY", "USD"));
    payment.put("gross_minor", 10_000L); // whole cents
    payment.put("fee_minor", 320L);
    payment.put("net_minor", 9_680L); // always gross - fee
    payment.put("surcharge_minor", 0L);
    payment.put("patient_ref", setting("PATIENT", "pt-1"));
    payment.put("splits", List.of());
    Map<String, String> words =
        Map.of("kind", "TERMINAL", "tender", "CARD", "initiation", "PATIENT", "funds", "CLEARED", "payer", "SELF");
    words.forEach((name, word) -> payment.put(name, symbol(schema, name, word)));
    return payment;
  }

  private static GenericData.EnumSymbol symbol(Schema schema, String field, String word) {
    return new GenericData.EnumSymbol(schema.getField(field).schema(), word);
  }

  /** The default partitioner hashes keys by murmur2; acks=all and idempotence are the client's defaults too. */
  private static void send(GenericRecord payment, String id, Instant now) throws Exception {
    try (KafkaProducer<String, byte[]> producer =
        new KafkaProducer<>(client("acks", "all"), new StringSerializer(), new ByteArraySerializer())) {
      ProducerRecord<String, byte[]> record =
          new ProducerRecord<>(PREFIX + "payments.v1", PRACTICE, encode("PaymentSucceeded", payment));
      Map.of(
              "ce_specversion", "1.0",
              "ce_id", "ev-" + id,
              "ce_source", "payments.example",
              "ce_type", "writeback.payments.PaymentSucceeded.v1",
              "ce_time", now.toString(),
              "ce_subject", PRACTICE,
              "content-type", "application/vnd.confluent.avro")
          .forEach((name, text) -> record.headers().add(name, text.getBytes(StandardCharsets.UTF_8)));
      producer.send(record).get();
    }
  }

  /** A real consumer keeps its group, and drops repeats by result_id. */
  private static KafkaConsumer<String, byte[]> consumer(String id) {
    Properties settings = client("isolation.level", "read_committed");
    settings.put("group.id", PREFIX + "example-" + id);
    settings.put("auto.offset.reset", "earliest");
    KafkaConsumer<String, byte[]> consumer =
        new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer());
    consumer.subscribe(List.of(PREFIX + "writeback-results.v1"));
    return consumer;
  }

  private static int outcome(KafkaConsumer<String, byte[]> consumer, String eventId) throws IOException {
    Instant until = Instant.now().plus(Duration.ofMinutes(2));
    while (Instant.now().isBefore(until)) {
      for (ConsumerRecord<String, byte[]> message : consumer.poll(Duration.ofSeconds(1))) {
        GenericRecord result = decode(message.value());
        if (result == null || !eventId.equals(String.valueOf(result.get("event_id")))) {
          continue;
        }
        String kind = result.getSchema().getName();
        if (kind.equals("RecordRefused")) {
          System.out.println("{\"record\": \"RecordRefused\", \"event_id\": \"" + eventId + "\", \"problem\": \""
              + result.get("problem") + "\"}");
          return 3;
        }
        if (kind.equals("Result") && "POSTED".equals(String.valueOf(result.get("state")))) {
          System.out.println("{\"record\": \"Result\", \"event_id\": \"" + eventId + "\", \"state\": \"POSTED\"}");
          return 0;
        }
      }
    }
    System.err.println("nothing became of " + eventId + " in two minutes");
    return 1;
  }

  /** Confluent wire format: a zero byte, the schema's id, the Avro body. */
  private static byte[] encode(String name, GenericRecord value) throws IOException {
    int id = NEWEST.get(name);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(ByteBuffer.allocate(5).put((byte) 0).putInt(id).array());
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(bytes, null);
    new GenericDatumWriter<GenericRecord>(BY_ID.get(id)).write(value, encoder);
    encoder.flush();
    return bytes.toByteArray();
  }

  /** Null for what a newer release wrote: its id is not known here. */
  private static GenericRecord decode(byte[] value) throws IOException {
    Schema schema = BY_ID.get(ByteBuffer.wrap(value).getInt(1));
    if (schema == null) {
      return null;
    }
    return new GenericDatumReader<GenericRecord>(schema)
        .read(null, DecoderFactory.get().binaryDecoder(value, 5, value.length - 5, null));
  }

  private static Properties client(String name, String value) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", setting("BOOTSTRAP", "127.0.0.1:9092"));
    settings.put(name, value);
    // security.protocol=SASL_SSL, sasl.mechanism=SCRAM-SHA-512, sasl.jaas.config=…
    return settings;
  }

  private static String setting(String name, String otherwise) {
    return System.getenv().getOrDefault(name, otherwise);
  }
}
