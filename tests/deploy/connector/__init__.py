"""The reference connector, its conformance suite and its OpenAPI document."""
