"""What a practice sets itself up with, as a screen asks for it. Every save goes through the actions that the command
line calls.

`settings_form`: its settings field by field, tried before they are saved; `settings_words` names them,
`amount_example` and `last_month` show what they do, `mirrored_choices` what its system offers. `connection_draft`,
`mapping_form`: how its system is connected, from credentials to a mapping.
"""
