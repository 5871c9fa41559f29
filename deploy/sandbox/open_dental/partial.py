"""`PUT /payments/{PayNum}/Partial`: exact allocation, replacing all splits of a payment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from deploy.sandbox.exchange import Answer, Incoming, RefusedError, as_json, minor_units
from deploy.sandbox.open_dental import charges, fields
from deploy.sandbox.open_dental.office import Office
from deploy.sandbox.open_dental.recording import Recorder
from deploy.sandbox.open_dental.splitting import put_split


def put_partial(office: Office, incoming: Incoming, recorder: Recorder, pay_num: int) -> Answer:
    """The sum must equal PayAmt; each procedure must be the family's and have enough outstanding."""
    payment = office.tables["payments"].get(pay_num)
    if payment is None:
        raise RefusedError(404, "Payment not found.")
    document = fields.body_of(incoming, frozenset({"procNumsAndAmounts"}))
    wanted = document.get("procNumsAndAmounts")
    if not isinstance(wanted, list) or not wanted:
        raise RefusedError(400, "procNumsAndAmounts is required.")
    parts = [_part(line) for line in wanted]
    if sum(cents for _, cents in parts) != minor_units(payment["PayAmt"]):
        raise RefusedError(400, "The sum of the amounts must equal the PayAmt.")
    old = [s for s in office.tables["paysplits"].values() if s["PayNum"] == pay_num]
    freed: dict[int, int] = defaultdict(int)
    for split in old:
        freed[split["ProcNum"]] += minor_units(split["SplitAmt"]) or 0
    guarantor = office.tables["patients"][payment["PatNum"]]["Guarantor"]
    _check_outstanding(office, parts, freed, office.family[guarantor])
    for split in old:
        if split["ProcNum"]:
            office.paid_on_procedure[split["ProcNum"]] -= minor_units(split["SplitAmt"]) or 0
        office.remove("paysplits", split["SplitNum"])
    for procedure, cents in parts:
        put_split(office, payment, cents, procedure)
    recorder.record(incoming, "update", "payment", str(pay_num), "", 1, 0)
    return as_json(200, payment)


def _part(line: object) -> tuple[int, int]:
    if not isinstance(line, dict):
        raise RefusedError(400, "procNumsAndAmounts is invalid.")
    return fields.whole_number(line, "ProcNum", required=True) or 0, fields.amount(line, "Amount")


def _check_outstanding(
    office: Office, parts: Sequence[tuple[int, int]], freed: dict[int, int], family: list[int]
) -> None:
    for procedure, cents in parts:
        row = office.tables["procedurelogs"].get(procedure)
        if row is None or row["PatNum"] not in family:
            raise RefusedError(400, "ProcNum is invalid.")
        if cents > charges.owed(office, row) + freed.get(procedure, 0):
            raise RefusedError(400, "A procedure has no outstanding charge for this amount.")
