// A client of the Connector API from generated code: posts an order from standard input, and reads it back in every way.
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"

	"writeback.example/connector-client/connector"
)

// answer is the status, and the document as the generated types hold it.
type answer struct {
	Status   int `json:"status"`
	Document any `json:"document"`
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	url, account, keyID, secret := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	key := must(base64.StdEncoding.DecodeString(secret))
	client := must(connector.NewClientWithResponses(url,
		connector.WithHTTPClient(&http.Client{Timeout: 30 * time.Second}),
		connector.WithRequestEditorFn(signer(keyID, key))))
	var order connector.EntryOrder
	given := json.NewDecoder(os.Stdin)
	given.DisallowUnknownFields()
	if err := given.Decode(&order); err != nil {
		panic(err)
	}
	if !order.Kind.Valid() {
		panic("the order is of no known kind")
	}
	ctx := context.Background()
	patient := connector.PatientKey{PatientId: order.PatientId}
	unknown := order
	unknown.PatientId = "nobody"

	refused := must(client.PostEntryWithResponse(ctx, account, unknown))
	posted := must(client.PostEntryWithResponse(ctx, account, order))
	again := must(client.PostEntryWithResponse(ctx, account, order))
	if posted.JSON201 == nil || posted.JSON201.Entry == nil {
		panic("nothing was posted: " + posted.Status())
	}
	entryID := posted.JSON201.Entry.EntryId
	health := must(client.GetHealthWithResponse(ctx, account))
	capabilities := must(client.GetCapabilitiesWithResponse(ctx, account))
	types := must(client.ListTypesWithResponse(ctx, account))
	outcome := must(client.GetOutcomeWithResponse(ctx, account, order.IdempotencyKey))
	found := must(client.FindEntriesWithResponse(ctx, account, &connector.FindEntriesParams{Marker: order.Marker}))
	entry := must(client.GetEntryWithResponse(ctx, account, entryID))
	patients := must(client.SearchPatientsWithResponse(ctx, account, connector.PatientQuery{Text: "Sample Pat"}))
	listed := must(client.ListPatientsWithResponse(ctx, account, connector.PatientsAfter{}))
	read := must(client.ReadPatientWithResponse(ctx, account, patient))
	owed := must(client.ReadAccountWithResponse(ctx, account, patient))

	fmt.Println(string(must(json.Marshal(map[string]answer{
		"refused":      {refused.StatusCode(), refused.ApplicationproblemJSON422},
		"posted":       {posted.StatusCode(), posted.JSON201},
		"again":        {again.StatusCode(), again.JSON201},
		"health":       {health.StatusCode(), health.JSON200},
		"capabilities": {capabilities.StatusCode(), capabilities.JSON200},
		"types":        {types.StatusCode(), types.JSON200},
		"outcome":      {outcome.StatusCode(), outcome.JSON200},
		"found":        {found.StatusCode(), found.JSON200},
		"entry":        {entry.StatusCode(), entry.JSON200},
		"patients":     {patients.StatusCode(), patients.JSON200},
		"listed":       {listed.StatusCode(), listed.JSON200},
		"patient":      {read.StatusCode(), read.JSON200},
		"account":      {owed.StatusCode(), owed.JSON200},
	}))))
}
