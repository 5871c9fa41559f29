// Reports one payment to Writeback and waits for what becomes of it. Ends with 0 when it is posted, 3 when it is refused.
package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hamba/avro/v2"
	"github.com/twmb/franz-go/pkg/kgo"
)

func setting(name, otherwise string) string {
	if value, found := os.LookupEnv(name); found {
		return value
	}
	return otherwise
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

var contract = setting("CONTRACT", "../..")

// released is a version of a schema, by the id that stands before each value.
type released struct {
	ID      int    `json:"id"`
	Record  string `json:"record"`
	Version int    `json:"version"`
}

func (r released) schema() avro.Schema {
	file := fmt.Sprintf("%s.v%d.avsc", r.Record, r.Version)
	return must(avro.Parse(string(must(os.ReadFile(filepath.Join(contract, "released", file))))))
}

func allReleased() (versions []released) {
	text := must(os.ReadFile(filepath.Join(contract, "released", "ids.json")))
	if err := json.Unmarshal(text, &versions); err != nil {
		log.Fatal(err)
	}
	return versions
}

// encode writes the Confluent wire format: a zero byte, the schema's id, the Avro body.
func encode(record string, value map[string]any) []byte {
	var newest released
	for _, each := range allReleased() {
		if each.Record == record {
			newest = each
		}
	}
	header := binary.BigEndian.AppendUint32([]byte{0}, uint32(newest.ID))
	return append(header, must(avro.Marshal(newest.schema(), value))...)
}

// decode leaves out what a newer release wrote: its id is not known here.
func decode(value []byte) (string, map[string]any) {
	id := int(binary.BigEndian.Uint32(value[1:5]))
	for _, each := range allReleased() {
		if each.ID == id {
			read := map[string]any{}
			if err := avro.Unmarshal(each.schema(), value[5:], &read); err != nil {
				log.Fatal(err)
			}
			return each.Record, read
		}
	}
	return "", nil
}

func main() {
	prefix := setting("TOPIC_PREFIX", "sandbox.")
	practice := setting("PRACTICE", "larkspur")
	random := make([]byte, 8)
	must(rand.Read(random))
	id := hex.EncodeToString(random)
	now := time.Now().UTC().Truncate(time.Microsecond)
	payment := map[string]any{
		"event_id": "ev-" + id, "source": "payments.example", "occurred_at": now, "produced_at": now,
		"practice_id": practice, "trace_id": nil, "payment_id": "pay-" + id, "kind": "TERMINAL", "tender": "CARD",
		"initiation": "PATIENT", "currency": setting("CURRENCY", "USD"),
		"gross_minor": int64(10000), // whole cents
		"fee_minor":   int64(320), "fees": nil,
		"net_minor":       int64(9680), // always gross - fee
		"surcharge_minor": int64(0), "funds": "CLEARED", "patient_ref": setting("PATIENT", "pt-1"), "payer": "SELF",
		"splits": []any{}, "plan": nil, "collection": nil, "remittance": nil, "card": nil, "settled_outside": false,
	}

	// franz-go's default partitioner hashes keys by murmur2, as Java's client: every program that sends a practice's
	// events has to agree. It produces with acks=all and idempotence by itself. A real consumer keeps a group of its own
	// (kgo.ConsumerGroup), and drops repeats by result_id.
	client := must(kgo.NewClient(
		kgo.SeedBrokers(strings.Split(setting("BOOTSTRAP", "127.0.0.1:9092"), ",")...),
		kgo.ConsumeTopics(prefix+"writeback-results.v1"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		// kgo.DialTLSConfig(…), kgo.SASL(scram.Auth{User: …, Pass: …}.AsSha512Mechanism()),
	))
	defer client.Close()
	wait, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()

	record := &kgo.Record{
		Topic: prefix + "payments.v1",
		Key:   []byte(practice),
		Value: encode("PaymentSucceeded", payment),
		Headers: []kgo.RecordHeader{
			{Key: "ce_specversion", Value: []byte("1.0")},
			{Key: "ce_id", Value: []byte("ev-" + id)},
			{Key: "ce_source", Value: []byte("payments.example")},
			{Key: "ce_type", Value: []byte("writeback.payments.PaymentSucceeded.v1")},
			{Key: "ce_time", Value: []byte(now.Format(time.RFC3339Nano))},
			{Key: "ce_subject", Value: []byte(practice)},
			{Key: "content-type", Value: []byte("application/vnd.confluent.avro")},
		},
	}
	if err := client.ProduceSync(wait, record).FirstErr(); err != nil {
		log.Fatal(err)
	}

	for {
		fetched := client.PollFetches(wait)
		if err := fetched.Err(); err != nil {
			log.Fatal(err)
		}
		for _, each := range fetched.Records() {
			kind, result := decode(each.Value)
			if result["event_id"] != "ev-"+id {
				continue
			}
			refused := kind == "RecordRefused"
			if refused || kind == "Result" && result["state"] == "POSTED" {
				shown := map[string]any{"record": kind, "event_id": result["event_id"], "state": result["state"], "problem": result["problem"]}
				fmt.Println(string(must(json.Marshal(shown))))
				client.Close()
				if refused {
					os.Exit(3)
				}
				return
			}
		}
	}
}
