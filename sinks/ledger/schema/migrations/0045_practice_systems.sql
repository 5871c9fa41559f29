-- Which practice management system a practice uses, whatever is connected: a name of the catalogue of systems. `system_name`
-- is what people call one that is not listed: they ask for it by that.
ALTER TABLE practices ADD COLUMN system text, ADD COLUMN system_name text;
CREATE INDEX practices_asking ON practices (system_name) WHERE system_name IS NOT NULL;
