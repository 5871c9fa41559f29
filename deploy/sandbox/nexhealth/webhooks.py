"""The signed messages that the service would send about the outcomes of writes; a test delivers them itself."""

from __future__ import annotations

import base64
import hashlib
import hmac

from deploy.sandbox.exchange import Answer, Document, Incoming, as_json, encoded
from deploy.sandbox.nexhealth.location import Location, stamp


def deliveries(location: Location, incoming: Incoming) -> Answer:
    """One message for each write that has an outcome: its headers and the exact body, base64."""
    done = [row for row in location.tables["transactions"].values() if row["state"] != "queued"]
    return as_json(200, [_delivery(location, row) for row in done])


def _delivery(location: Location, row: Document) -> Document:
    kind = row["table"].removesuffix("s")
    body = encoded(
        {
            "resource_type": kind.capitalize(),
            "event_name": f"{kind}_insertion.{row['state']}",
            "event_time": stamp(location.now()),
            "subdomain": location.settings.subdomain,
            "data": {
                "transaction_id": row["fields"]["transaction_id"],
                "location_id": location.settings.location_id,
                "patient_id": row["fields"]["patient_id"],
            },
            "delivery_errors": [],
        }
    )
    sent_at = stamp(location.now())
    return {
        "headers": {
            "timestamp": sent_at,
            "signature": sign(location.settings.webhook_secret, sent_at, body),
            "content-type": "application/json",
        },
        "body": base64.b64encode(body).decode(),
    }


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over `{timestamp}.{base64(payload)}`, hexadecimal."""
    signed = timestamp.encode() + b"." + base64.b64encode(body)
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
