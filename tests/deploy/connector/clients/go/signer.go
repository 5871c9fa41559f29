package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"time"
)

const life = 60 * time.Second

// signer signs each request by RFC 9421: the generated client calls it as its last step.
func signer(keyID string, key []byte) func(context.Context, *http.Request) error {
	return func(_ context.Context, request *http.Request) error {
		body, err := read(request)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		digest := "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
		nonce := make([]byte, 18)
		if _, err := rand.Read(nonce); err != nil {
			return err
		}
		created := time.Now()
		params := fmt.Sprintf(`("@method" "@path" "@query" "content-digest");created=%d;keyid="%s";alg="hmac-sha256"`+
			`;expires=%d;nonce="%s";tag="writeback"`,
			created.Unix(), keyID, created.Add(life).Unix(), base64.RawURLEncoding.EncodeToString(nonce))
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "\"@method\": %s\n\"@path\": %s\n\"@query\": ?%s\n\"content-digest\": %s\n\"@signature-params\": %s",
			request.Method, request.URL.EscapedPath(), request.URL.RawQuery, digest, params)
		request.Header.Set("Content-Digest", digest)
		request.Header.Set("Signature-Input", "wb="+params)
		request.Header.Set("Signature", "wb=:"+base64.StdEncoding.EncodeToString(mac.Sum(nil))+":")
		return nil
	}
}

// read returns the request's body and leaves it to be sent.
func read(request *http.Request) ([]byte, error) {
	if request.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(request.Body)
	request.Body = io.NopCloser(bytes.NewReader(body))
	return body, err
}
