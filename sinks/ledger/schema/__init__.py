"""Tables, migrations, transitions and connections of the ledger database."""
