"""What only QuickBooks has and people do themselves: connect a company, map its accounts, see a document before it is
written, take one back.

The one part of operations that imports a vendor's folder. `begin_connect` → `finish_connect`, `disconnect`, `status`;
`map_accounts` with `mapping_form` for a screen.
"""
