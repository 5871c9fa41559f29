#!/bin/sh
# Generates both clients anew from the OpenAPI document, and the digests that a test compares.
set -eu
cd "$(dirname "$0")"
DOCUMENT=../../../../schemas/connector/openapi.json

(cd go && go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -config oapi-codegen.yaml "../$DOCUMENT")
npx --yes --package openapi-typescript@7.13.0 --package typescript@5.9.3 \
  openapi-typescript "$DOCUMENT" --default-non-nullable=false --output typescript/connector.gen.ts
sha256sum "$DOCUMENT" go/connector/connector.gen.go typescript/connector.gen.ts > generated.sha256
