// A minimal client of the Connector API for Go: signs by RFC 9421, posts an order from standard input, reads it back.
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

var url, account, keyID, secret = os.Args[1], os.Args[2], os.Args[3], os.Args[4]

type answer struct {
	Status   int             `json:"status"`
	Document json.RawMessage `json:"document"`
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func call(method, path, query string, body []byte) answer {
	sum := sha256.Sum256(body)
	digest := "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
	nonce := make([]byte, 18)
	must(rand.Read(nonce))
	created := time.Now().Unix()
	params := fmt.Sprintf(`("@method" "@path" "@query" "content-digest");created=%d;keyid="%s";alg="hmac-sha256"`+
		`;expires=%d;nonce="%s";tag="writeback"`, created, keyID, created+60, base64.RawURLEncoding.EncodeToString(nonce))
	text := fmt.Sprintf("\"@method\": %s\n\"@path\": %s\n\"@query\": ?%s\n\"content-digest\": %s\n\"@signature-params\": %s",
		method, path, query, digest, params)
	mac := hmac.New(sha256.New, must(base64.StdEncoding.DecodeString(secret)))
	mac.Write([]byte(text))
	target := url + path
	if query != "" {
		target += "?" + query
	}
	request := must(http.NewRequest(method, target, bytes.NewReader(body)))
	request.Header.Set("Content-Digest", digest)
	request.Header.Set("Signature-Input", "wb="+params)
	request.Header.Set("Signature", "wb=:"+base64.StdEncoding.EncodeToString(mac.Sum(nil))+":")
	request.Header.Set("Content-Type", "application/json")
	response := must(http.DefaultClient.Do(request))
	defer response.Body.Close()
	return answer{response.StatusCode, must(io.ReadAll(response.Body))}
}

func main() {
	order := must(io.ReadAll(os.Stdin))
	var named struct {
		Marker string `json:"marker"`
	}
	if err := json.Unmarshal(order, &named); err != nil {
		panic(err)
	}
	entries := "/v1/accounts/" + account + "/entries"
	result := map[string]answer{
		"posted": call("POST", entries, "", order),
		"again":  call("POST", entries, "", order),
		"found":  call("GET", entries, "marker="+named.Marker, nil),
	}
	fmt.Println(string(must(json.Marshal(result))))
}
