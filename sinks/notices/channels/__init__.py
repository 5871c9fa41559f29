"""The channels that notices are delivered through: one file each, behind a port.

`port` is what a channel implements, `catalogue` lists them: `email` (handed over by `smtp`), `webhook`, `chat` for
Slack and Teams, and `sms`. All but e-mail post by `http_post`, to addresses that `public_address` lets through;
`endpoints` keeps those of contacts' webhooks and chats sealed.
"""
