"""Writes `schemas/asyncapi.yaml`."""

from schemas.asyncapi import FILE, document_text

if __name__ == "__main__":
    FILE.write_text(document_text(), encoding="utf-8")
