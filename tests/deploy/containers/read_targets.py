"""Runs in the sandbox's container, read from standard input: what stands in the targets' own books, as JSON."""

import json

from deploy.demo.practices import PRACTICES, System
from deploy.sandbox.running import SandboxClients
from deploy.sandbox.usual_ports import usual_address

sandbox = SandboxClients(usual_address())
targets = (sandbox.open_dental, sandbox.nexhealth, sandbox.connector, sandbox.quickbooks)
print(
    json.dumps(
        {
            "doubled": sum(len(target.doubled()) for target in targets),
            "payments": {
                each.practice_id: sum(row.amount_minor for row in sandbox.open_dental.payments(each.account))
                for each in PRACTICES
                if each.system is System.OPEN_DENTAL
            },
            "deposits": {
                each.practice_id: sum(row.total_minor for row in sandbox.quickbooks.company(each.realm_id).deposits())
                for each in PRACTICES
            },
            "letters": {each.practice_id: len(sandbox.mail.messages(each.email)) for each in PRACTICES},
        }
    )
)
